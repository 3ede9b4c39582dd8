"""The language that a caller chooses for a person applies to the API's reasons and to all pages."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.verification import Verification
from tests.integration.functions import CREATE_BODY, KEY_HEADER, Response
from tests.integration.harness import World, return_path
from tests.integration.start_pages import make_link, start_path

ELSEWHERE = "https://other.example/"
BLURRY = {
    None: "The image of the document was blurry.",
    "en": "The image of the document was blurry.",
    "ms": "Imej dokumen kabur.",
    "zh": "证件图像模糊。",
}


@pytest.mark.parametrize(
    ("sent", "used"),
    [
        ({}, None),
        ({"locale": None}, None),
        ({"locale": "EN-us"}, "en"),
        ({"locale": "ms"}, "ms"),
        ({"locale": "zh-Hans-MY"}, "zh"),
        ({"locale": "de"}, "en"),
    ],
)
def test_the_chosen_language_is_returned_and_stored(world: World, sent: dict[str, Any], used: str | None) -> None:
    response = world.functions.api("POST", "/verifications", CREATE_BODY | sent)
    assert (response.status, response.json["locale"]) == (201, used)
    (row,) = world.stored.rows()
    assert row.get("locale") == used
    assert ("locale" in row) is (used is not None)


def test_a_replay_needs_the_same_language_in_any_spelling(world: World) -> None:
    def create(**sent: Any) -> int:
        return world.functions.api("POST", "/verifications", CREATE_BODY | sent, headers=KEY_HEADER).status

    assert [create(locale="zh-Hans-MY"), create(locale="ZH"), create(locale="ms"), create()] == [201, 201, 422, 422]
    assert world.vendor.calls()["create"] == 1


@pytest.mark.parametrize("locale", BLURRY)
def test_reasons_and_pages_are_translated_and_events_are_english(world: World, locale: str | None) -> None:
    verification = world.new("9108", redirect_url=None, reference="r", locale=locale)
    world.returns(verification)
    path = f"/{verification.id}/{verification.code}"
    listed = world.functions.api("GET", "/verifications", query={"reference": "r"}).json["data"][0]
    status = world.functions.browser(f"/status{path}").json
    for document in (world.read(verification), listed, status):
        assert document["reason"] == {"code": "document_blurry", "message": BLURRY[locale], "retryable": True}
    # If the caller chose no language, a page uses the browser's.
    page = world.functions.browser(f"/done{path}", headers={"accept-language": "ms"})
    assert BLURRY[locale or "ms"] in page.text
    events = world.functions.api("GET", f"/verifications/{verification.id}/events").json["data"]
    assert events[-1]["data"]["reason"]["message"] == BLURRY["en"]
    assert "locale" not in events[-1]["data"]


def test_a_redaction_removes_the_language(world: World) -> None:
    verification = world.new("9108", locale="ms")
    world.returns(verification)
    tombstone = world.redact(verification).json
    assert (tombstone["locale"], tombstone["reason"]["message"]) == (None, BLURRY["en"])
    assert "locale" not in world.row(verification)


def test_an_unknown_stored_language_is_shown_in_english(world: World) -> None:
    verification = world.new("9108", locale="ms")
    world.returns(verification)
    world.stored.set(verification.id, "locale", "th")
    assert world.read(verification)["reason"]["message"] == BLURRY["en"]


def origin_is_withdrawn(world: World) -> Response:
    verification = world.new(locale="zh")
    world.stored.set(verification.id, "redirect_url", ELSEWHERE)
    return opened_in_malay(world, return_path(verification))


def origin_of_a_followed_page_is_withdrawn(world: World) -> Response:
    verification = mailed(world)
    world.vendor.play(make_link(world, verification), "verified")
    world.returns(verification)
    world.stored.set(verification.id, "redirect_url", ELSEWHERE)
    return opened_in_malay(world, start_path(verification), query={"follow": "1"})


def no_start_page(world: World) -> Response:
    return opened_in_malay(world, start_path(world.new(locale="zh")))


def vendor_is_down(world: World) -> Response:
    world.vendor.fault("503", on="create", times=None)
    return opened_in_malay(world, start_path(mailed(world)), method="POST")


def lease_is_not_stored(world: World) -> Response:
    verification = mailed(world)
    world.aws.refuse("dynamodb.UpdateItem")
    return opened_in_malay(world, start_path(verification), method="POST")


def return_is_not_stored(world: World) -> Response:
    """The first write finds that the verification is not pending any more; the second write fails."""
    verification = world.new(locale="zh")
    world.returns(verification)
    world.clock.advance(60)
    world.aws.before_call(2, lambda: world.aws.refuse("dynamodb.UpdateItem"))
    return opened_in_malay(world, return_path(verification))


def mailed(world: World) -> Verification:
    return world.new(locale="zh", valid_for=86400)


def opened_in_malay(world: World, path: str, **options: Any) -> Response:
    return world.functions.browser(path, headers={"accept-language": "ms"}, **options)


@pytest.mark.parametrize(
    ("open_page", "status", "title"),
    [
        (origin_is_withdrawn, 410, "谢谢"),
        (origin_of_a_followed_page_is_withdrawn, 410, "谢谢"),
        (no_start_page, 404, "找不到页面"),
        (vendor_is_down, 503, "暂时不可用"),
        (lease_is_not_stored, 503, "请稍候"),
        (return_is_not_stored, 503, "请稍候"),
    ],
)
def test_an_error_page_is_in_the_language_of_the_verification(
    world: World, open_page: Callable[[World], Response], status: int, title: str
) -> None:
    page = open_page(world)
    assert (page.status, page.headers["content-language"]) == (status, "zh-Hans")
    assert f"<h1>{title}</h1>" in page.text


@pytest.mark.parametrize("route", ["start", "done", "return"])
def test_a_wrong_code_does_not_reveal_the_language(world: World, route: str) -> None:
    verification = mailed(world)
    page = opened_in_malay(world, f"/{route}/{verification.id}/wrong")
    assert (page.status, page.headers["content-language"]) == (404, "ms")


def test_without_a_locale_an_error_page_is_in_the_language_of_the_browser(world: World) -> None:
    verification = world.new(valid_for=86400)
    world.vendor.fault("503", on="create", times=None)
    page = opened_in_malay(world, start_path(verification), method="POST")
    assert (page.status, page.headers["content-language"]) == (503, "ms")
