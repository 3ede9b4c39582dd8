"""The done page: where a verification without `redirect_url` redirects the person after the return."""

import base64
import hashlib
import re
from typing import Any

import pytest

from bridge.domain.verification import Verification
from tests.integration.functions import CREATE_BODY, Response
from tests.integration.harness import World

DAY = 86400
WITHOUT = {name: value for name, value in CREATE_BODY.items() if name != "redirect_url"}


def done(world: World, verification: Verification, **headers: str) -> Response:
    path = f"/done/{verification.id}/{verification.code}"
    return world.functions.browser(path, headers=headers)


@pytest.mark.parametrize("body", [WITHOUT, WITHOUT | {"redirect_url": None}])
def test_a_return_ends_on_the_done_page(world: World, body: dict[str, Any]) -> None:
    created = world.functions.api("POST", "/verifications", body)
    assert (created.status, created.json["redirect_url"]) == (201, None)
    code = created.json["status_url"].rpartition("/")[2]

    returned = world.functions.browser(f"/return/{created.json['id']}/{code}")

    assert returned.status == 303
    assert returned.headers["location"] == created.json["status_url"].replace("/status/", "/done/")
    page = world.functions.browser(f"/done/{created.json['id']}/{code}")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("verified", ["You are verified", "succeeded"]),
        ("9102", ["Not verified", "Please use the original document.", "You can try again"]),
        ("9104", ["Not verified", "was edited", "Please ask for help"]),
    ],
)
def test_the_page_shows_the_result_and_what_to_do(world: World, outcome: str, words: list[str]) -> None:
    verification = world.new(outcome, redirect_url=None)
    world.returns(verification)
    calls = world.vendor.calls()

    page = done(world, verification)

    assert [word for word in words if word not in page.text] == []
    assert "refresh" not in page.headers
    assert world.vendor.calls() == calls


def test_the_page_reloads_itself_until_there_is_a_result(world: World) -> None:
    verification = world.new(redirect_url=None)
    assert done(world, verification).headers["refresh"] == "10"
    world.returns(verification)
    assert done(world, verification).headers["refresh"] == "3"
    world.play(verification, "verified")
    world.clock.go_to(world.due_at(verification))
    world.finalize(verification, world.clock.epoch)
    page = done(world, verification)
    assert ("refresh" in page.headers, "You are verified" in page.text) == (False, True)


@pytest.mark.parametrize(
    ("language", "tag", "title"), [("ms-MY", "ms", "Anda telah disahkan"), ("zh", "zh-Hans", "验证成功")]
)
def test_the_page_is_in_the_language_of_the_browser(world: World, language: str, tag: str, title: str) -> None:
    verification = world.new("verified", redirect_url=None)
    world.returns(verification)
    page = done(world, verification, **{"accept-language": language})
    assert (page.headers["content-language"], f'<html lang="{tag}">' in page.text) == (tag, True)
    assert f"<h1>{title}</h1>" in page.text


def test_the_page_allows_its_own_style_and_nothing_else(world: World) -> None:
    verification = world.new(redirect_url=None)
    page = done(world, verification)
    (style,) = re.findall("<style>(.*?)</style>", page.text)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; frame-ancestors 'none'"
    assert page.headers["content-security-policy"] == policy
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "://" not in page.text
    assert len(page.text) < 30_000


def test_a_wrong_path_or_a_redaction_makes_the_page_a_404(world: World) -> None:
    verification = world.new(redirect_url=None)
    for path in (f"{verification.id}/wrong", f"ver_{'a' * 26}/{verification.code}", "x/y"):
        page = world.functions.browser(f"/done/{path}", headers={"accept-language": "ms"})
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "Halaman tidak ditemui" in page.text
    world.redact(verification)
    assert done(world, verification).status == 404


def test_after_an_unfinished_link_the_page_redirects_to_the_start_page(world: World) -> None:
    verification = world.new(redirect_url=None, valid_for=DAY)
    start = f"/start/{verification.id}/{verification.code}"
    world.functions.browser(start, method="POST")
    # While the link can be used, a result may still follow.
    assert done(world, verification).status == 200
    world.vendor.play(str(world.row(verification)["token"]), "ocr_passed+expired")
    world.returns(verification)

    page = done(world, verification)

    assert (page.status, page.headers["location"].endswith(start)) == (303, True)
    world.clock.advance(DAY)
    assert done(world, verification).status == 200
