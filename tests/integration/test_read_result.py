"""`?expand=result` returns all fields of the vendor's record, with links to its pictures."""

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
def test_a_result_has_all_vendor_fields_and_picture_links(world: World, outcome: str) -> None:
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
    """Creates a verification whose person has returned with that outcome."""
    verification = world.new(outcome)
    world.returns(verification)
    return verification


def replaced(reported: Any, shown: Any) -> list[tuple[str, str]]:
    """Returns the pairs of values (reported, shown) that differ. Everything else must be equal."""
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
    world.aws.reset()

    response = world.read_result(verification)

    assert response.json["result"] == json.loads(world.vendor.raw_record(token_of(verification)))["result"]
    assert world.aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]


@pytest.mark.parametrize("outcome", ["verified", "9102"])
def test_after_the_evidence_expires_only_the_pictures_are_null(world: World, outcome: str) -> None:
    verification = completed(world, outcome)
    world.stored.expire(verification.id)
    world.aws.reset()

    response = world.read_result(verification)

    assert response.status == 200
    reported = json.loads(world.vendor.raw_record(token_of(verification)))["result"]
    pairs = replaced(reported, response.json["result"])
    assert [shown for _, shown in pairs] == [None] * (3 if outcome == "verified" else 1)
    # The read is audited before S3 is called, and nothing is written to the bucket.
    assert world.aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem", "s3.GetObject"]


def test_after_the_evidence_expires_a_record_stored_only_there_is_null(world: World) -> None:
    verification = completed(world, "verified")
    whole = pictures.without_pictures({"many": list(range(100_000))})
    world.deps.results.put(verification.id, world.row(verification)["evidence"]["sha256"], whole, world.clock())
    world.stored.expire(verification.id)

    response = world.read_result(verification)

    assert (response.status, response.json["result"]) == (200, None)


def test_access_denied_to_evidence_is_a_503(world: World) -> None:
    verification = completed(world, "verified")

    world.aws.deny("s3.GetObject", "AccessDenied")
    response = world.read_result(verification)

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
