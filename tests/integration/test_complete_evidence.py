"""What the vendor said is kept as it came: byte for byte in the bucket, without its pictures in the table."""

import hashlib
import json

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.verification import Status
from tests.integration.harness import Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
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
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, outcome: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    check(deps, verification.id)

    evidence = stored.row(verification.id)["evidence"]
    assert stored.record(evidence["key"]) == raw
    assert (evidence["sha256"], evidence["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert stored.objects(verification.id) == [evidence["key"]]


def test_a_record_of_five_megabytes_fits_the_table_without_its_pictures(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified+big_pictures")
    raw = sandbox.vendor.raw_record(token_of(verification))
    assert len(raw) > 4_990_000

    functions.browser(return_path(verification))

    row = stored.row(verification.id)
    (result,) = stored.results(verification.id)
    assert len(result) < 10_000
    assert row["evidence"]["size"] == len(raw)


def test_the_table_has_all_fields_but_the_pictures(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified+unknown_fields")
    reported = json.loads(sandbox.vendor.raw_record(token_of(verification)))["result"]

    functions.browser(return_path(verification))

    result = json.loads(*stored.results(verification.id))
    reported["ocr_result"]["Image"] = {"$evidence": "/ocr_result/Image"}
    reported["face_id_result"]["BestFrameBase64"] = {"$evidence": "/face_id_result/BestFrameBase64"}
    reported["face_id_result"]["BestFrameList"] = [{"$evidence": "/face_id_result/BestFrameList/0"}]
    assert result == reported
    assert result["face_id_result"]["Sim"] == 98.33
    assert result["risk"] == {"score": 0.25, "signals": ["none", None]}
    assert result["review_note"] == "Überprüft ✓"


@pytest.mark.parametrize("outcome", ["verified+other_token", "verified+token_missing", "verified+token_missing+nested"])
def test_record_that_may_be_anothers_is_kept_in_the_bucket_and_shown_to_nobody(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, outcome: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    functions.browser(return_path(verification))

    row = stored.row(verification.id)
    assert (row["status"], row["reason_code"]) == ("processing", "inconsistent_result")
    assert ("evidence" in row, stored.results(verification.id)) == (False, [])
    document = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"}).json
    assert document["result"] is None
    (key,) = stored.objects(verification.id)
    assert key.startswith(f"records/{verification.id}/unconfirmed/")
    assert stored.record(key) == raw
    functions.api("POST", f"/verifications/{verification.id}/redact")
    assert stored.objects(verification.id) == []


def test_record_of_another_token_does_not_replace_what_the_table_has_of_the_person(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    check(deps, verification.id)
    before, results = stored.row(verification.id), stored.results(verification.id)

    clock.go_to(int(verification.expires_at.timestamp()) + schedule.LATE_RESULT)
    sandbox.vendor.play(token_of(verification), "verified+other_token")
    for _ in range(3):
        check(deps, verification.id)
        clock.advance(schedule.FOLLOW_UPS[0])

    row = stored.row(verification.id)
    assert (row["status"], row["reason_code"]) == ("failed", "inconsistent_result")
    assert (row["evidence"], stored.results(verification.id)) == (before["evidence"], results)
    (unconfirmed,) = set(stored.objects(verification.id)) - {before["evidence"]["key"]}
    assert "/unconfirmed/" in unconfirmed


@pytest.mark.parametrize("outcome", ["verified+missing_is_success", "verified+wrong_kinds"])
def test_a_record_that_cannot_be_read_is_kept_and_changes_no_status(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, outcome: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    raw = sandbox.vendor.raw_record(token_of(verification))

    answer = functions.browser(return_path(verification))

    row = stored.row(verification.id)
    assert "status=processing" in answer.headers["location"]
    assert (row["status"], row["sequence"], row["failures"]) == ("processing", 2, 1)
    assert stored.results(verification.id) == []
    (key,) = stored.objects(verification.id)
    assert "/unconfirmed/" in key
    assert stored.record(key) == raw
    assert stored.due()[verification.id] > clock.epoch


def test_without_the_proof_in_the_bucket_nobody_is_verified_until_it_is_there(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, aws: Aws, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.refuse("s3.PutObject")

    answer = functions.browser(return_path(verification))

    assert "status=processing" in answer.headers["location"]
    assert stored.row(verification.id)["status"] == "processing"
    clock.go_to(stored.due()[verification.id])
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert stored.row(verification.id)["status"] == "verified"
    assert stored.objects(verification.id) == [stored.row(verification.id)["evidence"]["key"]]


def test_an_answer_of_the_bucket_that_is_lost_leaves_one_object(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, aws: Aws, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.lose_answer("s3.PutObject")

    assert check(deps, verification.id).error is not None
    clock.advance(5)
    completed = check(deps, verification.id).verification

    assert completed is not None
    assert completed.status is Status.VERIFIED
    assert len(set(stored.objects(verification.id))) == 1


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed", "verified"])
def test_what_another_version_wrote_survives(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, outcome: str
) -> None:
    verification = new(deps)
    stored.set(verification.id, "colour", {"shade": "blue"})
    sandbox.vendor.play(token_of(verification), outcome)

    functions.browser(return_path(verification))
    clock.advance(10)
    sandbox.vendor.fault("500", on="get", times=None)
    functions.browser(return_path(verification))

    assert stored.row(verification.id)["colour"] == {"shade": "blue"}
