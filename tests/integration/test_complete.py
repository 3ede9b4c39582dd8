"""A check after a return: the vendor's record decides the status, and nothing that the browser sends."""

from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.schedule import MIN_CHECK_INTERVAL_SECONDS
from bridge.domain.verification import Status
from tests.integration.harness import World, return_path, token_of

# Each outcome at the vendor, with the status and the reason after the return. Single codes and flags are tested in
# tests/unit/test_decision.py, test_reasons.py and test_vendor_record.py.
OUTCOMES = [
    ("verified", "verified", None),
    ("verified+expired", "verified", None),
    ("verified+nested", "verified", None),
    ("verified+unknown_fields", "verified", None),
    ("verified+empty_lists", "verified", None),
    ("verified+big_pictures", "verified", None),
    ("9102", "rejected", "document_copied"),
    ("FailedOperation.CompareFail", "rejected", "face_mismatch"),
    ("ocr_retry_left:9108+expired", "rejected", "document_blurry"),
    ("ocr_retry_left:9108", "processing", None),
    ("face_retry_left:FailedOperation.CompareFail", "processing", None),
    ("ocr_passed", "processing", None),
    ("FailedOperation.CompareSystemError", "processing", None),
    ("FailedOperation.CompareSystemError+expired", "failed", "vendor_error"),
    ("unknown_error+expired", "failed", "vendor_error"),
    ("inconsistent", "processing", "inconsistent_result"),
    ("inconsistent+expired", "failed", "inconsistent_result"),
    ("all_checks_no_success+expired", "failed", "inconsistent_result"),
    ("verified+other_token", "processing", "inconsistent_result"),
    # Another token's link has expired, which does not end this one.
    ("verified+other_token+expired", "processing", "inconsistent_result"),
    ("verified+token_missing", "processing", "inconsistent_result"),
    ("verified+token_missing+nested", "processing", "inconsistent_result"),
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


@pytest.mark.parametrize(("outcome", "status", "reason"), OUTCOMES)
def test_the_record_of_the_vendor_decides_the_status(
    world: World, outcome: str, status: str, reason: str | None
) -> None:
    verification = world.new(outcome)

    response = world.returns(verification)

    document = world.read(verification)
    assert response.redirect_status == document["status"] == status
    assert (document["reason"] or {}).get("code") == reason
    assert document["sequence"] == (2 if status == "processing" else 3)
    if status == "processing":
        assert world.stored.due() == {verification.id: world.clock.epoch + schedule.FOLLOW_UP_SECONDS[0]}
        assert "ttl" not in world.row(verification)
    else:
        assert world.stored.due() == {}
        assert world.row(verification)["ttl"] == world.clock.epoch + world.deps.settings.retention_seconds
    assert world.vendor.calls()["get"] == 1


@pytest.mark.parametrize(("outcome", "status"), [("verified", "verified"), ("9101", "rejected")])
def test_document_only_verifications_need_no_face(world: World, outcome: str, status: str) -> None:
    verification = world.new(outcome, type="01")

    assert world.returns(verification).redirect_status == status


@pytest.mark.parametrize("outcome", ["verified+other_token", "verified+token_missing"])
def test_only_three_records_of_another_token_after_the_link_are_final(world: World, outcome: str) -> None:
    corrected, wrong = world.new(), world.new()
    for verification in (corrected, wrong):
        world.play(verification, outcome)
        assert world.returns(verification).redirect_status == "processing"
        assert world.due_at(verification) == world.clock.epoch + schedule.FOLLOW_UP_SECONDS[0]

    world.play(corrected, "verified")
    world.clock.go_to(int(wrong.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS)
    world.finalize(corrected)
    for _ in range(3):
        # Two wrong records may be mistakes; the third in a row is final.
        assert world.row(wrong)["status"] == "processing"
        world.finalize(wrong)
        world.clock.advance(schedule.FOLLOW_UP_SECONDS[0])

    assert world.row(corrected)["status"] == "verified"
    assert "reason_code" not in world.row(corrected)
    failed = world.row(wrong)
    assert (failed["status"], failed["reason_code"]) == ("failed", "inconsistent_result")
    assert world.stored.due() == {}


@pytest.mark.parametrize("query", [{"is_success": "1"}, {"is_success": "true", "status": "verified"}, {"token": "x"}])
def test_the_browser_is_never_believed(world: World, query: dict[str, str]) -> None:
    verification = world.new("9102+expired")

    assert world.functions.browser(return_path(verification), query).redirect_status == "rejected"


def test_the_person_is_redirected_to_the_frontend(world: World) -> None:
    verification = world.new("verified")

    response = world.returns(verification)

    reported_to = f"http://localhost:5173/welcome?tab=1&verification_id={verification.id}&status=verified#top"
    assert response.headers["location"] == reported_to
    assert (response.headers["cache-control"], response.headers["referrer-policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize(
    "path", ["/return/{id}/wrong", "/return/{id}/", "/return/ver_x/{code}", "/return/{other}/{code}", "/return/{id}/é"]
)
def test_an_unknown_id_or_code_is_a_plain_404_page_and_no_vendor_call(world: World, path: str) -> None:
    verification, other = world.new(), world.new()
    before = sorted(world.stored.rows(), key=lambda row: str(row["id"]))

    response = world.functions.browser(path.format(id=verification.id, code=verification.code, other=other.id))

    assert (response.status, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert verification.id not in response.text
    assert world.vendor.calls()["get"] == 0
    assert sorted(world.stored.rows(), key=lambda row: str(row["id"])) == before


def test_each_advance_adds_one_to_the_sequence(world: World) -> None:
    verification = world.new()
    seen = []
    for outcome in ("untouched", "ocr_passed", "ocr_passed", "9102", "ocr_passed", "verified", "9102+expired"):
        world.play(verification, outcome)
        advanced = world.check(verification).verification
        assert advanced is not None
        seen.append((str(advanced.status), advanced.sequence))
        world.clock.advance(MIN_CHECK_INTERVAL_SECONDS)

    rejected, verified = ("rejected", 3), ("verified", 4)
    assert seen == [("pending", 1), ("processing", 2), ("processing", 2), rejected, rejected, verified, verified]


def test_a_verified_verification_is_never_checked_again(world: World) -> None:
    verification = world.new("verified")
    world.returns(verification)
    world.play(verification, "9102+expired")
    world.clock.advance(3600)

    assert world.returns(verification).redirect_status == "verified"
    assert world.refresh(verification).json["status"] == "verified"
    assert world.vendor.calls()["get"] == 1


@pytest.mark.parametrize("low", ["9102+expired", "expired", "unknown_error+expired"])
def test_a_late_success_verifies_an_ended_verification_for_seven_days(world: World, low: str) -> None:
    early, late = world.new(), world.new()
    for verification in (early, late):
        world.play(verification, low)
        assert world.returns(verification).redirect_status in ("rejected", "expired", "failed")
        world.play(verification, "verified")

    world.clock.advance(7 * 86400 - 60)
    assert world.refresh(early).json["status"] == "verified"
    world.clock.advance(120)
    assert world.refresh(late).json["status"] != "verified"
    assert world.vendor.calls()["by_token"] == {token_of(early): 2, token_of(late): 1}
    assert "reason_code" not in world.row(early)
    assert world.row(early)["ttl"] > world.clock.epoch + world.deps.settings.retention_seconds - 200


def test_a_rejection_is_checked_once_more_unless_the_person_has_returned(world: World) -> None:
    returned, checked = world.new(), world.new()
    for verification in (returned, checked):
        world.play(verification, "9102")

    world.returns(returned)
    world.check(checked)

    # The person who did not return may still continue at the vendor.
    assert world.stored.due() == {checked.id: int(checked.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS}


@pytest.mark.parametrize(
    ("late", "status"),
    [(4, "pending"), (5, "expired")],
)
def test_a_link_counts_as_ended_five_seconds_after_its_end(world: World, late: int, status: str) -> None:
    verification = world.new()
    world.clock.go_to(int(verification.expires_at.timestamp()) + late)

    completed = world.check(verification).verification

    assert completed is not None
    assert str(completed.status) == status


def test_a_failed_check_does_not_count_as_a_contradictory_record(world: World) -> None:
    # The third contradictory record in a row would end the verification.
    verification = world.new()
    world.clock.advance(400)
    world.play(verification, "verified+other_country")
    world.check(verification)
    world.clock.go_to(int(verification.expires_at.timestamp()) + 60)
    for _ in range(2):
        world.vendor.fault("500", on="get")
        world.check(verification)
        world.clock.advance(60)
    for _ in range(2):
        world.check(verification)
        world.clock.advance(60)
    assert world.read(verification)["status"] == "processing"

    world.play(verification, "verified")
    world.check(verification)

    assert world.read(verification)["status"] == "verified"
    assert "contradictory_records" not in world.row(verification)


def test_a_link_that_ends_while_the_vendor_responds_is_checked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The record is read before the end of the link, and the person continues after that.
    verification = world.new()
    end = int(verification.expires_at.timestamp())
    world.clock.go_to(end - 1)
    fetch = world.deps.vendor.fetch

    def slow(token: str, **options: Any) -> Any:
        response = fetch(token, **options)
        world.clock.advance(8)
        world.vendor.play(token, "verified")
        return response

    with monkeypatch.context() as patched:
        patched.setattr(world.deps.vendor, "fetch", slow)
        checked = world.check(verification).verification
    assert checked is not None
    assert checked.status is Status.PENDING

    world.clock.go_to(world.due_at(verification))
    world.finalize(verification)

    assert world.row(verification)["status"] == "verified"


def test_a_vendor_failure_is_retried_only_for_a_waiting_person(world: World) -> None:
    awaited, queued = world.new(), world.new()
    world.vendor.fault("500", on="get", times=None)

    world.returns(awaited)
    world.finalize(queued)

    assert world.vendor.calls()["by_token"] == {token_of(awaited): 3, token_of(queued): 1}
