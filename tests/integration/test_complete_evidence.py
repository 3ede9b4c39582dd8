"""The bucket has the vendor's response byte for byte, and the table has it without pictures."""

import hashlib
import json
from unittest import mock

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status
from bridge.store.evidence import EvidenceBucket
from bridge.vendor.client import Link, Vendor
from tests.integration.harness import World, token_of

OUTCOMES = [f"verified{more}" for more in ("", "+big_pictures", "+unknown_fields", "+empty_lists", "+nested")]
OUTCOMES += ["9102", "FailedOperation.CompareFail", "expired", "ocr_passed"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_evidence_is_the_exact_response_and_its_hash_is_in_the_table(world: World, outcome: str) -> None:
    verification = world.new(outcome)
    raw = world.vendor.raw_record(token_of(verification))

    world.check(verification)

    evidence = world.row(verification)["evidence"]
    (result,) = world.stored.results(verification.id)
    assert len(result) < 10_000
    assert world.stored.record(evidence["key"]) == raw
    assert (evidence["sha256"], evidence["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert world.stored.objects(verification.id) == [evidence["key"]]


def test_the_table_has_all_fields_except_the_pictures(world: World) -> None:
    verification = world.new("verified+unknown_fields")
    reported = json.loads(world.vendor.raw_record(token_of(verification)))["result"]

    world.returns(verification)

    result = json.loads(*world.stored.results(verification.id))
    reported["ocr_result"]["Image"] = {"$evidence": "/ocr_result/Image"}
    reported["face_id_result"]["BestFrameBase64"] = {"$evidence": "/face_id_result/BestFrameBase64"}
    reported["face_id_result"]["BestFrameList"] = [{"$evidence": "/face_id_result/BestFrameList/0"}]
    assert result == reported
    assert result["face_id_result"]["Sim"] == 98.33
    assert result["risk"] == {"score": 0.25, "signals": ["none", None]}
    assert result["review_note"] == "Überprüft ✓"


def test_a_link_that_the_vendor_gave_twice_verifies_only_the_first_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.new()
    link = Link(str(first.url), token_of(first))
    monkeypatch.setattr(Vendor, "create_link", lambda *_, **__: link)
    second = world.new()
    world.play(first, "verified")

    world.returns(second)
    world.returns(first)

    assert [world.row(each)["status"] for each in (first, second)] == ["verified", "processing"]
    assert world.row(second)["reason_code"] == "inconsistent_result"
    assert world.read_result(second).json["result"] is None


@pytest.mark.parametrize("outcome", ["verified+other_token", "verified+token_missing", "verified+token_missing+nested"])
def test_a_record_of_another_token_is_stored_and_never_returned(world: World, outcome: str) -> None:
    verification = world.new(outcome)
    raw = world.vendor.raw_record(token_of(verification))

    world.returns(verification)

    row = world.row(verification)
    assert (row["status"], row["reason_code"]) == ("processing", "inconsistent_result")
    assert ("evidence" in row, world.stored.results(verification.id)) == (False, [])
    document = world.read_result(verification).json
    assert document["result"] is None
    (key,) = world.stored.objects(verification.id)
    assert key.startswith(f"records/{verification.id}/unconfirmed/")
    assert world.stored.record(key) == raw
    world.redact(verification)
    assert world.stored.objects(verification.id) == []


def test_a_record_of_another_token_does_not_replace_stored_results(world: World) -> None:
    verification = world.new("ocr_passed")
    world.check(verification)
    before, results = world.row(verification), world.stored.results(verification.id)

    world.clock.go_to(int(verification.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS)
    world.play(verification, "verified+other_token")
    for _ in range(3):
        world.check(verification)
        world.clock.advance(schedule.FOLLOW_UP_SECONDS[0])

    row = world.row(verification)
    assert (row["status"], row["reason_code"]) == ("failed", "inconsistent_result")
    assert (row["evidence"], world.stored.results(verification.id)) == (before["evidence"], results)
    (unconfirmed,) = set(world.stored.objects(verification.id)) - {before["evidence"]["key"]}
    assert "/unconfirmed/" in unconfirmed


@pytest.mark.parametrize("outcome", ["verified+missing_is_success", "verified+wrong_kinds"])
def test_an_unreadable_record_is_stored_and_changes_no_status(world: World, outcome: str) -> None:
    verification = world.new(outcome)
    raw = world.vendor.raw_record(token_of(verification))

    response = world.returns(verification)

    row = world.row(verification)
    assert "status=processing" in response.headers["location"]
    assert (row["status"], row["sequence"], row["failures"]) == ("processing", 2, 1)
    assert world.stored.results(verification.id) == []
    (key,) = world.stored.objects(verification.id)
    assert "/unconfirmed/" in key
    assert world.stored.record(key) == raw
    assert world.due_at(verification) > world.clock.epoch


def test_nobody_is_verified_before_the_evidence_is_stored(world: World) -> None:
    verification = world.new("verified")
    world.aws.refuse("s3.PutObject")

    response = world.returns(verification)

    assert "status=processing" in response.headers["location"]
    assert world.row(verification)["status"] == "processing"
    world.clock.go_to(world.due_at(verification))
    world.sweep_and_drain()
    assert world.row(verification)["status"] == "verified"
    assert world.stored.objects(verification.id) == [world.row(verification)["evidence"]["key"]]


def test_a_lost_response_of_the_bucket_leaves_one_object(world: World) -> None:
    verification = world.new("verified")
    world.aws.lose_response("s3.PutObject")

    assert world.check(verification).error is not None
    world.clock.advance(5)
    completed = world.check(verification).verification

    assert completed is not None
    assert completed.status is Status.VERIFIED
    assert len(set(world.stored.objects(verification.id))) == 1


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed", "verified"])
def test_attributes_of_another_version_survive(world: World, outcome: str) -> None:
    verification = world.new()
    world.stored.set(verification.id, "colour", {"shade": "blue"})
    world.play(verification, outcome)

    world.returns(verification)
    world.clock.advance(10)
    world.vendor.fault("500", on="get", times=None)
    world.returns(verification)

    assert world.row(verification)["colour"] == {"shade": "blue"}


def test_equal_records_are_equal_objects() -> None:
    s3 = mock.Mock()
    EvidenceBucket(s3, "evidence").put("ver_1", b"{}")
    # The time in the header of gzip.
    assert s3.put_object.call_args.kwargs["Body"][4:8] == bytes(4)
