"""The return: what the vendor says becomes the status, whatever the browser says."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.schedule import MIN_CHECK_INTERVAL_SECONDS
from bridge.domain.verification import Status
from bridge.use_cases.finalize import finalize
from tests.integration.harness import Answer, Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox

# What happened at the vendor: the status of the one who returns, and the code of its reason.
OUTCOMES = [
    ("verified", "verified", None),
    ("verified+expired", "verified", None),
    ("verified+booleans", "verified", None),
    ("verified+strings", "verified", None),
    ("verified+nested", "verified", None),
    ("verified+unknown_fields", "verified", None),
    ("verified+empty_lists", "verified", None),
    ("verified+big_pictures", "verified", None),
    ("9102", "rejected", "document_copied"),
    ("-9104", "rejected", "document_edited"),
    ("FailedOperation.CompareFail", "rejected", "face_mismatch"),
    ("FailedOperation.LivessDetectFake", "rejected", "liveness_not_shown"),
    ("ocr_retry_left:9108+expired", "rejected", "document_blurry"),
    ("ocr_retry_left:9108", "processing", None),
    ("face_retry_left:FailedOperation.CompareFail", "processing", None),
    ("ocr_passed", "processing", None),
    ("FailedOperation.CompareSystemError", "processing", None),
    ("FailedOperation.CompareSystemError+expired", "failed", "vendor_error"),
    ("unknown_error", "processing", None),
    ("unknown_error+expired", "failed", "vendor_error"),
    ("inconsistent", "processing", "inconsistent_result"),
    ("inconsistent+expired", "failed", "inconsistent_result"),
    ("all_checks_no_success", "processing", "inconsistent_result"),
    ("all_checks_no_success+expired", "failed", "inconsistent_result"),
    ("verified+other_token", "processing", "inconsistent_result"),
    # The end of another's link is not the end of this one.
    ("verified+other_token+expired", "processing", "inconsistent_result"),
    ("9102+other_token", "processing", "inconsistent_result"),
    ("verified+token_missing", "processing", "inconsistent_result"),
    ("verified+token_missing+nested", "processing", "inconsistent_result"),
    ("verified+other_type", "processing", "inconsistent_result"),
    ("verified+other_type+expired", "processing", "inconsistent_result"),
    ("verified+other_country", "processing", "inconsistent_result"),
    ("verified+other_country+expired", "processing", "inconsistent_result"),
    ("verified+other_document", "processing", "inconsistent_result"),
    ("9102+other_document+expired", "processing", "inconsistent_result"),
    ("verified+outer_flag_differs", "processing", "inconsistent_result"),
    ("untouched+outer_flag_differs+expired", "processing", "inconsistent_result"),
    ("document_error_left_behind", "processing", None),
    ("document_error_left_behind+expired", "expired", "abandoned"),
    ("expired", "expired", "not_started"),
    ("ocr_passed+expired", "expired", "abandoned"),
    ("untouched", "processing", "not_begun"),
]


def reported(answer: Answer) -> str:
    """The status that a person carries on to the frontend."""
    assert answer.status == 303
    (status,) = parse_qs(urlsplit(answer.headers["location"]).query)["status"]
    return status


@pytest.mark.parametrize(("outcome", "status", "reason"), OUTCOMES)
def test_what_the_vendor_says_becomes_the_status(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, outcome: str, status: str, reason: str | None
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)

    answer = functions.browser(return_path(verification))

    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert reported(answer) == document["status"] == status
    assert (document["reason"] or {}).get("code") == reason
    assert document["sequence"] == (2 if status == "processing" else 3)
    assert sandbox.vendor.calls()["get"] == 1


@pytest.mark.parametrize(("outcome", "status"), [("verified", "verified"), ("9101", "rejected")])
def test_document_only_verifications_need_no_face(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, outcome: str, status: str
) -> None:
    verification = new(deps, type="01")
    sandbox.vendor.play(token_of(verification), outcome)

    assert reported(functions.browser(return_path(verification))) == status


@pytest.mark.parametrize("outcome", ["verified+other_token", "verified+token_missing"])
def test_record_of_another_token_is_final_only_after_the_link_and_a_later_check_finds_the_right_one(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, outcome: str
) -> None:
    corrected, wrong = new(deps), new(deps)
    for verification in (corrected, wrong):
        sandbox.vendor.play(token_of(verification), outcome)
        assert reported(functions.browser(return_path(verification))) == "processing"
        assert stored.due()[verification.id] == clock.epoch + schedule.FOLLOW_UPS[0]

    sandbox.vendor.play(token_of(corrected), "verified")
    clock.go_to(int(wrong.expires_at.timestamp()) + schedule.LATE_RESULT)
    finalize(deps, DueMessage(corrected.id, None))
    for _ in range(3):
        # One wrong record may be a mistake; the third in a row is the result.
        assert stored.row(wrong.id)["status"] == "processing"
        finalize(deps, DueMessage(wrong.id, None))
        clock.advance(schedule.FOLLOW_UPS[0])

    assert stored.row(corrected.id)["status"] == "verified"
    assert "reason_code" not in stored.row(corrected.id)
    failed = stored.row(wrong.id)
    assert (failed["status"], failed["reason_code"]) == ("failed", "inconsistent_result")
    assert stored.due() == {}


@pytest.mark.parametrize("query", [{"is_success": "1"}, {"is_success": "true", "status": "verified"}, {"token": "x"}])
def test_the_browser_is_never_believed(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, query: dict[str, str]
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "9102+expired")

    assert reported(functions.browser(return_path(verification), query)) == "rejected"


def test_the_person_is_sent_on_to_the_frontends_own_address(
    sandbox: Sandbox, deps: Dependencies, functions: Functions
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")

    answer = functions.browser(return_path(verification))

    reported_to = f"http://localhost:5173/welcome?tab=1&verification_id={verification.id}&status=verified#top"
    assert answer.headers["location"] == reported_to
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize(
    "path", ["/return/{id}/wrong", "/return/{id}/", "/return/ver_x/{code}", "/return/{other}/{code}", "/return/{id}/é"]
)
def test_an_unknown_id_or_code_is_a_plain_404_page_and_no_vendor_call(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, path: str
) -> None:
    verification, other = new(deps), new(deps)
    before = sorted(stored.rows(), key=lambda row: str(row["id"]))

    answer = functions.browser(path.format(id=verification.id, code=verification.code, other=other.id))

    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert verification.id not in answer.text
    assert sandbox.vendor.calls()["get"] == 0
    assert sorted(stored.rows(), key=lambda row: str(row["id"])) == before


def test_a_final_verification_is_due_no_more_and_kept_for_the_retention(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    functions.browser(return_path(verification))

    assert stored.due() == {}
    assert stored.row(verification.id)["ttl"] == clock.epoch + deps.settings.retention


def test_an_open_verification_stays_due_and_has_no_ttl(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    functions.browser(return_path(verification))

    assert stored.due() == {verification.id: clock.epoch + schedule.FOLLOW_UPS[0]}
    assert "ttl" not in stored.row(verification.id)


def test_the_status_rises_step_by_step_and_each_step_counts_one(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, clock: Clock
) -> None:
    verification = new(deps)
    seen = []
    for outcome in ("untouched", "ocr_passed", "ocr_passed", "9102", "ocr_passed", "verified", "9102+expired"):
        sandbox.vendor.play(token_of(verification), outcome)
        risen = check(deps, verification.id).verification
        assert risen is not None
        seen.append((str(risen.status), risen.sequence))
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)

    rejected, verified = ("rejected", 3), ("verified", 4)
    assert seen == [("pending", 1), ("processing", 2), ("processing", 2), rejected, rejected, verified, verified]


def test_a_verified_one_is_never_asked_about_again(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    functions.browser(return_path(verification))
    sandbox.vendor.play(token_of(verification), "9102+expired")
    clock.advance(3600)

    assert reported(functions.browser(return_path(verification))) == "verified"
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json["status"] == "verified"
    assert sandbox.vendor.calls()["get"] == 1


@pytest.mark.parametrize("low", ["9102+expired", "expired", "unknown_error+expired"])
def test_a_late_proof_raises_the_middle_three_for_seven_days(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, low: str
) -> None:
    early, late = new(deps), new(deps)
    for verification in (early, late):
        sandbox.vendor.play(token_of(verification), low)
        assert reported(functions.browser(return_path(verification))) in ("rejected", "expired", "failed")
        sandbox.vendor.play(token_of(verification), "verified")

    clock.advance(7 * 86400 - 60)
    assert functions.api("POST", f"/verifications/{early.id}/refresh").json["status"] == "verified"
    clock.advance(120)
    assert functions.api("POST", f"/verifications/{late.id}/refresh").json["status"] != "verified"
    assert sandbox.vendor.calls()["by_token"] == {token_of(early): 2, token_of(late): 1}
    assert "reason_code" not in stored.row(early.id)
    assert stored.row(early.id)["ttl"] > clock.epoch + deps.settings.retention - 200


def test_a_rejection_is_checked_once_more_unless_the_person_has_returned(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    returned, asked = new(deps), new(deps)
    for verification in (returned, asked):
        sandbox.vendor.play(token_of(verification), "9102")

    functions.browser(return_path(returned))
    check(deps, asked.id)

    # The other one might still go on at the vendor.
    assert stored.due() == {asked.id: int(asked.expires_at.timestamp()) + schedule.LATE_RESULT}


@pytest.mark.parametrize(
    ("late", "status"),
    [(4, "pending"), (5, "expired")],
)
def test_a_link_is_over_some_seconds_after_its_end(
    sandbox: Sandbox, deps: Dependencies, clock: Clock, late: int, status: str
) -> None:
    verification = new(deps)
    clock.go_to(int(verification.expires_at.timestamp()) + late)

    completed = check(deps, verification.id).verification

    assert completed is not None
    assert str(completed.status) == status


def test_a_link_that_ends_while_the_vendor_answers_is_looked_at_again(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is from before the end; the person went on after it was read."""
    verification = new(deps)
    end = int(verification.expires_at.timestamp())
    clock.go_to(end - 1)
    fetch = deps.vendor.fetch

    def slow(token: str, **how: Any) -> Any:
        answer = fetch(token, **how)
        clock.advance(8)
        sandbox.vendor.play(token, "verified")
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(deps.vendor, "fetch", slow)
        asked = check(deps, verification.id).verification
    assert asked is not None
    assert asked.status is Status.PENDING

    clock.go_to(stored.due()[verification.id])
    finalize(deps, DueMessage(verification.id, None))

    assert stored.row(verification.id)["status"] == "verified"


def test_a_vendor_that_fails_is_asked_again_only_where_somebody_waits(
    sandbox: Sandbox, deps: Dependencies, functions: Functions
) -> None:
    awaited, queued = new(deps), new(deps)
    sandbox.vendor.fault("500", on="get", times=None)

    functions.browser(return_path(awaited))
    finalize(deps, DueMessage(queued.id, None))

    assert sandbox.vendor.calls()["by_token"] == {token_of(awaited): 3, token_of(queued): 1}
