"""The language that a caller chooses for a person: the API's reasons, the pages, and what is stored."""

from typing import Any

import pytest

from tests.integration.harness import WANTED, World

KEY = {"Idempotency-Key": "order-17"}
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
def test_the_language_that_is_used_is_reported_and_stored(world: World, sent: dict[str, Any], used: str | None) -> None:
    response = world.functions.api("POST", "/verifications", WANTED | sent)
    assert (response.status, response.json["locale"]) == (201, used)
    (row,) = world.stored.rows()
    assert row.get("locale") == used
    assert ("locale" in row) is (used is not None)


def test_a_replay_needs_the_same_language_however_it_is_written(world: World) -> None:
    def create(**sent: Any) -> int:
        return world.functions.api("POST", "/verifications", WANTED | sent, headers=KEY).status

    assert [create(locale="zh-Hans-MY"), create(locale="ZH"), create(locale="ms"), create()] == [201, 201, 422, 422]
    assert world.vendor.calls()["create"] == 1


@pytest.mark.parametrize("locale", BLURRY)
def test_reasons_and_pages_are_in_the_language_and_events_in_english(world: World, locale: str | None) -> None:
    verification = world.new("9108", redirect_url=None, reference="r", locale=locale)
    world.returns(verification)
    path = f"/{verification.id}/{verification.code}"
    listed = world.functions.api("GET", "/verifications", query={"reference": "r"}).json["data"][0]
    status = world.functions.browser(f"/status{path}").json
    for document in (world.read(verification), listed, status):
        assert document["reason"] == {"code": "document_blurry", "message": BLURRY[locale], "retryable": True}
    # On a page the browser's language counts if the caller chose none.
    page = world.functions.browser(f"/done{path}", headers={"accept-language": "ms"})
    assert BLURRY[locale or "ms"] in page.text
    events = world.functions.api("GET", f"/verifications/{verification.id}/events").json["data"]
    assert events[-1]["data"]["reason"]["message"] == BLURRY["en"]
    assert "locale" not in events[-1]["data"]


def test_a_redaction_removes_it(world: World) -> None:
    verification = world.new("9108", locale="ms")
    world.returns(verification)
    tombstone = world.redact(verification).json
    assert (tombstone["locale"], tombstone["reason"]["message"]) == (None, BLURRY["en"])
    assert "locale" not in world.row(verification)


def test_a_language_of_a_newer_version_is_english(world: World) -> None:
    verification = world.new("9108", locale="ms")
    world.returns(verification)
    world.stored.set(verification.id, "locale", "th")
    assert world.read(verification)["reason"]["message"] == BLURRY["en"]
