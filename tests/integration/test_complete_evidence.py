"""What the vendor said is kept as it came: byte for byte in the bucket, without its pictures in the table."""

import hashlib
import json

import pytest

from bridge import schedule
from bridge.models import Status
from bridge.wiring import Bridge
from tests.integration.driving import Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.kept import Kept
from tests.sandbox.sandbox import Sandbox


@pytest.mark.parametrize(
    "outcome",
    [
        "verified",
        "verified+big_pictures",
        "verified+unknown_fields",
        "verified+empty_lists",
        "verified+nested",
        "9102",
        "FailedOperation.CompareFail",
        "expired",
        "ocr_passed",
    ],
)
def test_the_record_is_kept_byte_for_byte_and_the_table_can_show_that_it_is_the_same(
    sandbox: Sandbox, bridge: Bridge, kept: Kept, outcome: str
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    check(bridge, verification.id)

    evidence = kept.row(verification.id)["evidence"]
    assert kept.record(evidence["key"]) == raw
    assert (evidence["sha256"], evidence["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert kept.objects(verification.id) == [evidence["key"]]


def test_a_record_of_five_megabytes_fits_the_table_without_its_pictures(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified+big_pictures")
    raw = sandbox.vendor.raw_record(token_of(verification))
    assert len(raw) > 4_990_000

    functions.browser(return_path(verification))

    row = kept.row(verification.id)
    assert len(row["result"]) < 10_000
    assert row["evidence"]["size"] == len(raw)


def test_the_table_has_all_fields_but_the_pictures(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified+unknown_fields")
    told = json.loads(sandbox.vendor.raw_record(token_of(verification)))["result"]

    functions.browser(return_path(verification))

    stored = json.loads(kept.row(verification.id)["result"])
    told["ocr_result"]["Image"] = {"$evidence": "/ocr_result/Image"}
    told["face_id_result"]["BestFrameBase64"] = {"$evidence": "/face_id_result/BestFrameBase64"}
    told["face_id_result"]["BestFrameList"] = [{"$evidence": "/face_id_result/BestFrameList/0"}]
    assert stored == told
    assert stored["face_id_result"]["Sim"] == 98.33
    assert stored["risk"] == {"score": 0.25, "signals": ["none", None]}
    assert stored["review_note"] == "Überprüft ✓"


@pytest.mark.parametrize("outcome", ["verified+other_token", "verified+token_missing", "verified+token_missing+nested"])
def test_record_that_may_be_anothers_is_kept_in_the_bucket_and_shown_to_nobody(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, outcome: str
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    functions.browser(return_path(verification))

    row = kept.row(verification.id)
    assert (row["status"], row["reason_code"]) == ("processing", "inconsistent_result")
    assert {"result", "evidence"}.isdisjoint(row)
    document = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"}).json
    assert document["result"] is None
    (key,) = kept.objects(verification.id)
    assert key.startswith(f"records/{verification.id}/unconfirmed/")
    assert kept.record(key) == raw
    functions.api("POST", f"/verifications/{verification.id}/redact")
    assert kept.objects(verification.id) == []


def test_record_of_another_token_does_not_replace_what_the_table_has_of_the_person(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, clock: Clock
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    check(bridge, verification.id)
    before = kept.row(verification.id)

    clock.go_to(int(verification.expires_at.timestamp()) + schedule.LATE_RESULT)
    sandbox.vendor.play(token_of(verification), "verified+other_token")
    for _ in range(3):
        check(bridge, verification.id)
        clock.advance(schedule.FOLLOW_UPS[0])

    row = kept.row(verification.id)
    assert (row["status"], row["reason_code"]) == ("failed", "inconsistent_result")
    assert (row["result"], row["evidence"]) == (before["result"], before["evidence"])
    (unconfirmed,) = set(kept.objects(verification.id)) - {before["evidence"]["key"]}
    assert "/unconfirmed/" in unconfirmed


@pytest.mark.parametrize("outcome", ["verified+missing_is_success", "verified+wrong_kinds"])
def test_a_record_that_cannot_be_read_is_kept_and_changes_no_status(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, clock: Clock, outcome: str
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    answer = functions.browser(return_path(verification))

    row = kept.row(verification.id)
    assert "status=processing" in answer.headers["location"]
    assert (row["status"], row["sequence"], row["failures"]) == ("processing", 2, 1)
    assert "result" not in row
    (key,) = kept.objects(verification.id)
    assert "/unconfirmed/" in key
    assert kept.record(key) == raw
    assert kept.due()[verification.id] > clock.epoch


def test_without_the_proof_in_the_bucket_nobody_is_verified_until_it_is_there(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, aws: Aws, clock: Clock
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.refuse("s3.PutObject")

    answer = functions.browser(return_path(verification))

    assert "status=processing" in answer.headers["location"]
    assert kept.row(verification.id)["status"] == "processing"
    clock.go_to(kept.due()[verification.id])
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert kept.row(verification.id)["status"] == "verified"
    assert kept.objects(verification.id) == [kept.row(verification.id)["evidence"]["key"]]


def test_an_answer_of_the_bucket_that_is_lost_leaves_one_object(
    sandbox: Sandbox, bridge: Bridge, kept: Kept, aws: Aws, clock: Clock
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.lose_answer("s3.PutObject")

    assert check(bridge, verification.id).error is not None
    clock.advance(5)
    completed = check(bridge, verification.id).verification

    assert completed is not None
    assert completed.status is Status.VERIFIED
    assert len(set(kept.objects(verification.id))) == 1


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed", "verified"])
def test_what_another_version_wrote_survives(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, clock: Clock, outcome: str
) -> None:
    verification = new(bridge)
    kept.set(verification.id, "colour", {"shade": "blue"})
    sandbox.vendor.play(token_of(verification), outcome)

    functions.browser(return_path(verification))
    clock.advance(10)
    sandbox.vendor.fault("500", on="get", times=None)
    functions.browser(return_path(verification))

    assert kept.row(verification.id)["colour"] == {"shade": "blue"}
