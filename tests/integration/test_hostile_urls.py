"""Hostile URLs: create rejects them, and a return never redirects to one that is in the table."""

import pytest

from bridge.dependencies import Dependencies
from tests.integration.functions import CREATE_BODY
from tests.integration.harness import World
from tests.marks import slow_except
from tests.unit.hostile_urls import BY_TRICK

ALLOWED = "https://app.example.com,https://shop.example:8443"


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch, deps: Dependencies) -> None:
    monkeypatch.setenv("ALLOWED_REDIRECT_ORIGINS", ALLOWED)


@pytest.mark.parametrize("trick", BY_TRICK)
def test_a_hostile_url_is_rejected(world: World, trick: str) -> None:
    for url in BY_TRICK[trick]:
        response = world.functions.api("POST", "/verifications", CREATE_BODY | {"redirect_url": url})
        assert (response.status, [fault["pointer"] for fault in response.json["errors"]]) == (
            400,
            ["#/redirect_url"],
        ), url
    assert world.stored.rows() == []


@pytest.mark.parametrize("trick", slow_except("schemes and missing parts", of=BY_TRICK))
def test_nobody_is_redirected_to_a_hostile_url_in_the_table(world: World, trick: str) -> None:
    verification = world.new(redirect_url="https://app.example.com/")
    for url in BY_TRICK[trick]:
        world.stored.set(verification.id, "redirect_url", url)
        response = world.returns(verification)
        assert (response.status, "location" in response.headers) == (410, False), url
        assert len(url) < 12 or url not in response.text


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://app.example.com/done", "https://app.example.com/done?{}"),
        ("https://app.example.com", "https://app.example.com?{}"),
        ("https://APP.example.com:443/A%2fb", "https://APP.example.com:443/A%2fb?{}"),
        ("https://shop.example:8443/x?a=1&a=2&b=%20%2B+", "https://shop.example:8443/x?a=1&a=2&b=%20%2B+&{}"),
        ("https://app.example.com/%E4%BD%A0?n=%C3%A9#top", "https://app.example.com/%E4%BD%A0?n=%C3%A9&{}#top"),
        ("https://app.example.com/#/step/2?x=1", "https://app.example.com/?{}#/step/2?x=1"),
        (
            "https://app.example.com/?next=https://evil.example/@x",
            "https://app.example.com/?next=https://evil.example/@x&{}",
        ),
        ("https://app.example.com//evil.example/..;/", "https://app.example.com//evil.example/..;/?{}"),
        ("https://app.example.com/?" + "q" * 2000, "https://app.example.com/?" + "q" * 2000 + "&{}"),
    ],
)
def test_an_allowed_url_is_kept_and_the_outcome_is_added(world: World, url: str, sent: str) -> None:
    verification = world.functions.api("POST", "/verifications", CREATE_BODY | {"redirect_url": url}).json
    assert verification["redirect_url"] == url
    response = world.functions.browser(f"/return/{verification['id']}/{verification['status_url'].rpartition('/')[2]}")
    assert response.status == 303
    assert response.headers["location"] == sent.format(f"verification_id={verification['id']}&status=processing")
