"""Claims of scheduled checks and refreshes. test_claim_on_return.py has those of returns."""

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
    in_status,
    is_empty,
    item,
    later,
    nonce,
    pending,
    redacted,
    reservation,
    reserved,
    row,
    update,
)

LATE_PROOF = timedelta(seconds=schedule.LATE_PROOF_SECONDS)
MIDDLE = [Status.REJECTED, Status.FAILED, Status.EXPIRED]


def test_a_scheduled_claim_stores_its_claimer_and_stays_due(table: Table) -> None:
    made = pending(table)
    claimed, is_claimed = claim(table, made.id, "claimer", NOW)
    assert is_claimed
    assert claimed == existing(table, made)
    written = row(table, made)
    assert (written["claimed_by"], written["claimed_at"]) == ("claimer", EPOCH * 1000 + 500)
    # If the claimer crashes, the message is delivered again or the sweep finds it.
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
        *("claimed_by", "claimed_at", "contact_started_at", "last_contact_at", "checks", "advanced")
    }


def test_an_unknown_id_cannot_be_claimed(table: Table) -> None:
    assert claim(table, reservation().id, nonce(), NOW) == (None, False)
    assert is_empty(table)


def test_a_claim_with_another_code_or_principal_returns_the_stored_record(table: Table) -> None:
    made = pending(table, code="the-code")
    for code in ("another", ""):
        assert returns.claim_first_return(table, made.id, nonce(), NOW, code) == (made, False)
        assert not returns.may_return(made, code)
    assert claims.claim_on_refresh(table, made.id, nonce(), NOW, "another") == ((made, False), False)
    assert existing(table, made) == made


@pytest.mark.parametrize(("seconds", "is_allowed"), [(0, False), (4.999, False), (5, True), (6, True)])
def test_a_second_claim_within_five_seconds_is_refused(table: Table, seconds: float, is_allowed: bool) -> None:
    made = pending(table)
    claim(table, made.id, "first", NOW)
    claimed, is_claimed = claim(table, made.id, "second", later(seconds))
    assert claimed is not None
    assert (is_claimed, claimed.claimed_by) == ((True, "second") if is_allowed else (False, "first"))


def test_a_claim_whose_response_was_lost_can_be_repeated_by_its_claimer(table: Table) -> None:
    made = pending(table)
    first = claim(table, made.id, "claimer", NOW)
    assert claim(table, made.id, "claimer", later(1)) == first
    assert first[1]


def test_a_tombstone_is_not_claimed(table: Table) -> None:
    # It was redacted while it was open. With a token, only the redaction prevents a claim.
    made = redacted(table, Status.PENDING)
    table.update(made.id, condition="#id = :id", values={":id": made.id}, set={"token": "put back"})
    before = item(table, made.id)
    assert not claim(table, made.id, nonce(), later(60))[1]
    assert item(table, made.id) == before


@pytest.mark.parametrize("make", [reserved, failed_reservation, lambda table: in_status(table, Status.VERIFIED)])
def test_a_verification_without_a_link_or_verified_is_not_claimed(
    table: Table, make: Callable[[Table], Verification]
) -> None:
    made = make(table)
    assert claim(table, made.id, nonce(), later(60)) == (made, False)
    assert existing(table, made) == made


@pytest.mark.parametrize("status", MIDDLE)
@pytest.mark.parametrize(("before_the_end", "is_allowed"), [(timedelta(milliseconds=1), True), (timedelta(0), False)])
def test_a_final_status_can_be_claimed_until_the_window_for_late_proofs_closes(
    table: Table, status: Status, before_the_end: timedelta, is_allowed: bool
) -> None:
    made = in_status(table, status)
    assert claim(table, made.id, nonce(), EXPIRES_AT + LATE_PROOF - before_the_end)[1] is is_allowed


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_an_open_verification_can_be_claimed_at_any_age(table: Table, status: Status) -> None:
    made = in_status(table, status)
    assert claim(table, made.id, nonce(), EXPIRES_AT + 10 * LATE_PROOF)[1]


def test_the_window_for_late_proofs_begins_at_the_end_of_the_link(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    new_end = EXPIRES_AT + timedelta(hours=1)
    completion.advance(table, made, update(Status.EXPIRED, expires_at=new_end), later(4))
    assert claim(table, made.id, nonce(), new_end + LATE_PROOF - timedelta(seconds=1))[1]
    assert not claim(table, made.id, nonce(), new_end + LATE_PROOF + timedelta(seconds=9))[1]


def test_a_refresh_keeps_the_plan_and_is_not_counted(table: Table) -> None:
    made = pending(table)
    (found, is_claimed), made_due = claims.claim_on_refresh(table, made.id, nonce(), later(10), made.principal)
    assert (is_claimed, made_due) == (True, False)
    assert found is not None
    assert (found.status, found.due_at, found.checks) == (Status.PENDING, made.due_at, 0)


@pytest.mark.parametrize(("seconds", "is_allowed"), [(29.999, False), (30, True)])
def test_a_refresh_waits_longer_than_a_check(table: Table, seconds: float, is_allowed: bool) -> None:
    made = claimed(table, pending(table))
    assert claims.claim_on_refresh(table, made.id, nonce(), later(seconds), made.principal)[0].is_claimed is is_allowed


def test_a_refresh_of_a_final_status_is_due_again_if_it_crashes(table: Table) -> None:
    made = in_status(table, Status.EXPIRED)
    (found, is_claimed), made_due = claims.claim_on_refresh(table, made.id, nonce(), later(60), made.principal)
    assert (is_claimed, made_due) == (True, True)
    assert found is not None
    assert found.due_at == EPOCH + 60 + schedule.CLAIM_SECONDS


def test_an_outdated_message_claims_nothing(table: Table) -> None:
    made = pending(table)
    assert made.due_at is not None
    assert not claims.claim_on_schedule(table, made.id, nonce(), NOW, made.due_at - 1)[1]
    assert claims.claim_on_schedule(table, made.id, nonce(), NOW, made.due_at)[1]
