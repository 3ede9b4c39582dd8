"""Who may ask the vendor: each condition of a claim by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import claims, completion, redaction, returns
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    EXPIRES_AT,
    NOW,
    claim,
    claimed,
    existing,
    failed_reservation,
    finding,
    in_status,
    is_empty,
    item,
    later,
    nonce,
    pending,
    redacted,
    rescheduled,
    reservation,
    reserved,
    row,
)

LATE_PROOF = timedelta(seconds=schedule.LATE_PROOF)
MIDDLE = [Status.REJECTED, Status.FAILED, Status.EXPIRED]


def test_a_scheduled_claim_names_its_claimer_and_stays_due(table: Table) -> None:
    made = pending(table)
    claimed, is_claimed = claim(table, made.id, "claimer", NOW)
    assert is_claimed
    assert claimed == existing(table, made)
    written = row(table, made)
    assert (written["claimed_by"], written["claimed_at"]) == ("claimer", EPOCH * 1000 + 500)
    # Its message comes again, or the sweep finds it.
    assert written["due_at"] == made.due_at
    assert written["sequence"] == 1


def test_a_repeated_claim_fails_after_a_redaction(table: Table) -> None:
    made = pending(table)
    claim(table, made.id, "claimer", NOW)
    tombstone = redaction.redact(table, existing(table, made), due_at=EPOCH, now=NOW)
    again, is_claimed = claim(table, made.id, "claimer", NOW)
    assert again == tombstone
    assert not is_claimed


def test_a_claim_changes_nothing_else(table: Table) -> None:
    made = pending(table)
    before = row(table, made)
    claim(table, made.id, "claimer", NOW)
    after = row(table, made)
    assert after["checks"] == before["checks"] + 1
    assert {name for name in before | after if before.get(name) != after.get(name)} == {
        "claimed_by",
        "claimed_at",
        "contact_started_at",
        "last_contact_at",
        "checks",
        "advanced",
    }


def test_nothing_can_be_claimed_of_an_unknown_id(table: Table) -> None:
    assert claim(table, reservation().id, nonce(), NOW) == (None, False)
    assert is_empty(table)


def test_another_code_or_principal_claims_nothing_and_gets_what_is_there(table: Table) -> None:
    made = pending(table, code="the-code")
    for code in ("another", ""):
        assert returns.claim_first_return(table, made.id, nonce(), NOW, code) == (made, False)
        assert not returns.may_return(made, code)
    assert claims.claim_on_refresh(table, made.id, nonce(), NOW, "another") == (made, False)
    assert existing(table, made) == made


@pytest.mark.parametrize(
    ("seconds", "may"),
    [(0, False), (4.999, False), (5, True), (6, True)],
)
def test_a_second_claim_within_five_seconds_is_refused(table: Table, seconds: float, may: bool) -> None:
    made = pending(table)
    claim(table, made.id, "first", NOW)
    claimed, is_claimed = claim(table, made.id, "second", later(seconds))
    assert claimed is not None
    assert (is_claimed, claimed.claimed_by) == ((True, "second") if may else (False, "first"))


def test_a_claim_whose_response_was_lost_can_be_repeated_by_its_claimer(table: Table) -> None:
    made = pending(table)
    first = claim(table, made.id, "claimer", NOW)
    assert claim(table, made.id, "claimer", later(1)) == first
    assert first[1]


def test_a_tombstone_is_not_claimed(table: Table) -> None:
    # Redacted while it was open: of all that a claim asks for, only this stands against it.
    made = redacted(table, Status.PENDING)
    table.update(made.id, condition="#id = :id", values={":id": made.id}, set={"token": "put back"})
    before = item(table, made.id)
    assert not claim(table, made.id, nonce(), later(60))[1]
    assert item(table, made.id) == before


@pytest.mark.parametrize("make", [reserved, failed_reservation, lambda table: in_status(table, Status.VERIFIED)])
def test_what_has_no_link_or_is_verified_is_not_claimed(table: Table, make: Callable[[Table], Verification]) -> None:
    made = make(table)
    assert claim(table, made.id, nonce(), later(60)) == (made, False)
    assert existing(table, made) == made


@pytest.mark.parametrize("status", MIDDLE)
@pytest.mark.parametrize(("before_the_end", "may"), [(timedelta(milliseconds=1), True), (timedelta(0), False)])
def test_a_final_status_can_be_claimed_until_the_window_for_late_proofs_closes(
    table: Table, status: Status, before_the_end: timedelta, may: bool
) -> None:
    made = in_status(table, status)
    assert claim(table, made.id, nonce(), EXPIRES_AT + LATE_PROOF - before_the_end)[1] is may


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_an_open_one_is_claimed_however_old_it_is(table: Table, status: Status) -> None:
    made = in_status(table, status)
    assert claim(table, made.id, nonce(), EXPIRES_AT + 10 * LATE_PROOF)[1]


def test_the_window_for_late_proofs_follows_the_end_of_the_link_that_was_found(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    moved = EXPIRES_AT + timedelta(hours=1)
    completion.advance(table, made, finding(Status.EXPIRED, expires_at=moved), later(4))
    assert claim(table, made.id, nonce(), moved + LATE_PROOF - timedelta(seconds=1))[1]
    assert not claim(table, made.id, nonce(), moved + LATE_PROOF + timedelta(seconds=9))[1]


def returned(table: Table, made: Verification, seconds: float) -> claims.Claim:
    assert made.code is not None
    found, is_claimed = returns.claim_first_return(table, made.id, nonce(), later(seconds), made.code)
    if found and not is_claimed and returns.may_return(found, made.code):
        return returns.claim_further_return(table, found, nonce(), later(seconds))
    return found, is_claimed


def test_a_return_claims_and_advances_in_one_write(table: Table) -> None:
    made = pending(table)
    claimed, is_claimed = returned(table, made, 10)
    assert is_claimed
    assert claimed is not None
    assert claimed == existing(table, made)
    assert (claimed.status, claimed.sequence, claimed.checks) == (Status.PROCESSING, 2, 1)
    assert (claimed.updated_at, claimed.returned_at, claimed.due_at) == (later(10), EPOCH + 10, EPOCH + 20)


def test_a_return_that_may_not_check_advances_and_plans_the_checks_that_follow(table: Table) -> None:
    made = claimed(table, pending(table), later(8))
    found, is_claimed = returned(table, made, 10)
    assert not is_claimed
    assert found is not None
    assert found == existing(table, made)
    assert (found.status, found.sequence, found.checks) == (Status.PROCESSING, 2, 1)
    assert (found.returned_at, found.due_at, found.claimed_at) == (EPOCH + 10, EPOCH + 20, made.claimed_at)
    # The check before it knows nothing of the return, so its plan does not count.
    assert rescheduled(table, made, due_at=EPOCH + 900) == found


@pytest.mark.parametrize(("seconds", "may"), [(2, False), (6, True), (75, True)])
def test_a_further_return_checks_at_once_where_a_check_is_left_for_it(table: Table, seconds: float, may: bool) -> None:
    made = pending(table)
    returned(table, made, 0)
    if seconds > 6:
        returned(table, made, 6)
    found, is_claimed = returned(table, made, seconds)
    assert found is not None
    assert (found.status, found.sequence, is_claimed) == (Status.PROCESSING, 2, may)


def test_a_return_late_in_the_checks_that_follow_another_is_followed_itself(table: Table) -> None:
    made = pending(table)
    returned(table, made, 0)
    for seconds in (10, 30, 56):
        claim(table, made.id, nonce(), later(seconds))
    found, is_claimed = returned(table, made, 57)
    assert not is_claimed
    assert found is not None
    assert found.returned_at == EPOCH + 57
    assert found.due_at is not None
    assert found.due_at <= EPOCH + 67


def test_a_return_is_recorded_though_a_check_advances_the_status_in_between(table: Table) -> None:
    checking = claimed(table, pending(table), later(8))
    existing_before = existing(table, checking)
    completion.advance(table, checking, finding(Status.PROCESSING), later(9))
    found = returns.record_return(table, existing_before, nonce(), later(10))
    assert (found.status, found.sequence, found.returned_at) == (Status.PROCESSING, 2, EPOCH + 10)


def test_a_return_is_not_recorded_if_the_verification_is_redacted_in_between(table: Table) -> None:
    made = pending(table)
    tombstone = redaction.redact(table, made, due_at=EPOCH, now=later(9))
    assert returns.record_return(table, made, nonce(), later(10)) == tombstone


def test_returns_in_a_loop_check_no_more_often_than_allowed(table: Table) -> None:
    made = pending(table)
    claims = [returned(table, made, 6 * n)[1] for n in range(150)]
    assert sum(claims) <= schedule.MAX_CHECKS - 1


def test_a_return_whose_response_was_lost_is_known_by_its_claimer(table: Table) -> None:
    made = pending(table)
    assert made.code is not None
    first = returns.claim_first_return(table, made.id, "claimer", NOW, made.code)
    assert returns.claim_first_return(table, made.id, "claimer", NOW, made.code) == first
    assert first[1]


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.EXPIRED])
def test_a_return_does_not_change_a_final_status(table: Table, status: Status) -> None:
    made = in_status(table, status)
    found, is_claimed = returned(table, made, 60)
    assert found is not None
    assert (found.status, found.sequence, is_claimed) == (status, made.sequence, status is Status.EXPIRED)


def test_a_refresh_leaves_the_plan_and_does_not_count(table: Table) -> None:
    made = pending(table)
    found, is_claimed = claims.claim_on_refresh(table, made.id, nonce(), later(10), made.principal)
    assert is_claimed
    assert found is not None
    assert (found.status, found.due_at, found.checks) == (Status.PENDING, made.due_at, 0)


@pytest.mark.parametrize(("seconds", "may"), [(29.999, False), (30, True)])
def test_a_refresh_waits_longer_than_a_check(table: Table, seconds: float, may: bool) -> None:
    made = claimed(table, pending(table))
    assert claims.claim_on_refresh(table, made.id, nonce(), later(seconds), made.principal)[1] is may


def test_a_refresh_of_a_final_status_is_due_again_if_it_crashes(table: Table) -> None:
    made = in_status(table, Status.EXPIRED)
    found, _ = claims.claim_on_refresh(table, made.id, nonce(), later(60), made.principal)
    assert found is not None
    assert found.due_at == EPOCH + 60 + schedule.CLAIM_SECONDS


def test_a_message_that_is_out_of_date_claims_nothing(table: Table) -> None:
    made = pending(table)
    assert made.due_at is not None
    assert not claims.claim_on_schedule(table, made.id, nonce(), NOW, made.due_at - 1)[1]
    assert claims.claim_on_schedule(table, made.id, nonce(), NOW, made.due_at)[1]
