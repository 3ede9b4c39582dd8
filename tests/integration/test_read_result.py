"""The vendor's record, for callers with the scope: all its fields, and links to its pictures."""

import base64
import json
from typing import Any

import pytest
import requests

from bridge.domain.verification import Verification
from bridge.vendor import pictures
from tests.integration.harness import World, token_of

TIMEOUT = 30


@pytest.mark.parametrize("outcome", ["verified", "verified+big_pictures", "verified+nested", "9102"])
def test_the_result_has_all_of_the_vendors_fields_and_links_to_its_pictures(world: World, outcome: str) -> None:
    verification = completed(world, outcome)

    result = world.read_result(verification).json["result"]

    reported = json.loads(world.vendor.raw_record(token_of(verification)))["result"]
    pictures = replaced(reported, result)
    assert len(pictures) == (1 if outcome == "9102" else 3)
    for encoded, link in pictures:
        response = requests.get(link, timeout=TIMEOUT)
        assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
        assert response.content == base64.b64decode(encoded)


def completed(world: World, outcome: str) -> Verification:
    """One whose person came back with that outcome."""
    verification = world.new(outcome)
    world.returns(verification)
    return verification


def replaced(reported: Any, shown: Any) -> list[tuple[str, str]]:
    """Each value that the vendor sent and what is shown in its place; all else must be equal."""
    if isinstance(reported, dict):
        assert reported.keys() == shown.keys()
        return [pair for name in reported for pair in replaced(reported[name], shown[name])]
    if isinstance(reported, list):
        assert len(reported) == len(shown)
        return [pair for one, other in zip(reported, shown, strict=True) for pair in replaced(one, other)]
    return [] if reported == shown else [(reported, shown)]


def test_the_result_before_any_check_is_null(world: World) -> None:
    verification = world.new()

    response = world.read_result(verification)

    assert (response.status, response.json["result"]) == (200, None)
    wrong = world.functions.api("GET", f"/verifications/{verification.id}", query={"expand": "all"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (400, "query:expand")


def test_a_result_without_pictures_needs_no_evidence(world: World) -> None:
    verification = completed(world, "expired")
    world.aws.forget()

    response = world.read_result(verification)

    assert response.json["result"] == json.loads(world.vendor.raw_record(token_of(verification)))["result"]
    assert world.aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]


@pytest.mark.parametrize("outcome", ["verified", "9102"])
def test_once_the_evidence_has_expired_the_fields_stay_and_the_pictures_are_null(world: World, outcome: str) -> None:
    verification = completed(world, outcome)
    world.stored.expire(verification.id)
    world.aws.forget()

    response = world.read_result(verification)

    assert response.status == 200
    reported = json.loads(world.vendor.raw_record(token_of(verification)))["result"]
    pairs = replaced(reported, response.json["result"])
    assert [shown for _, shown in pairs] == [None] * (3 if outcome == "verified" else 1)
    # Who reads is written down first, and nothing is put into the bucket again.
    assert world.aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem", "s3.GetObject"]


def test_once_the_evidence_has_expired_a_record_that_stood_there_as_a_whole_is_null(world: World) -> None:
    verification = completed(world, "verified")
    whole = pictures.without_pictures({"many": list(range(100_000))})
    world.deps.results.put(verification.id, world.row(verification)["evidence"]["sha256"], whole, world.clock())
    world.stored.expire(verification.id)

    response = world.read_result(verification)

    assert (response.status, response.json["result"]) == (200, None)


def test_evidence_that_may_not_be_read_is_an_error(world: World) -> None:
    verification = completed(world, "verified")

    world.aws.deny("s3.GetObject", "AccessDenied")
    response = world.read_result(verification)

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
