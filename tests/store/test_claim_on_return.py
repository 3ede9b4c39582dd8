"""A return advances the verification, and claims it if a check is allowed."""

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import claims, completion, redaction, returns
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    NOW,
    claim,
    claimed,
    existing,
    in_status,
    later,
    nonce,
    pending,
    rescheduled,
    update,
)


def returned(table: Table, made: Verification, seconds: float) -> claims.Claim:
    assert made.code is not None
    first = returns.claim_first_return(table, made.id, nonce(), later(seconds), made.code)
    if first.verification and not first.is_claimed and returns.may_return(first.verification, made.code):
        return returns.claim_further_return(table, first.verification, nonce(), later(seconds))
    return first


def test_a_return_claims_and_advances_in_one_write(table: Table) -> None:
    made = pending(table)
    claimed, is_claimed = returned(table, made, 10)
    assert is_claimed
    assert claimed is not None
    assert claimed == existing(table, made)
    assert (claimed.status, claimed.sequence, claimed.checks) == (Status.PROCESSING, 2, 1)
    assert (claimed.updated_at, claimed.returned_at, claimed.due_at) == (later(10), EPOCH + 10, EPOCH + 20)


def test_a_return_without_a_claim_advances_and_plans_the_follow_ups(table: Table) -> None:
    made = claimed(table, pending(table), later(8))
    found, is_claimed = returned(table, made, 10)
    assert not is_claimed
    assert found is not None
    assert found == existing(table, made)
    assert (found.status, found.sequence, found.checks) == (Status.PROCESSING, 2, 1)
    assert (found.returned_at, found.due_at, found.claimed_at) == (EPOCH + 10, EPOCH + 20, made.claimed_at)
    # The earlier check does not know of the return, so its plan is ignored.
    assert rescheduled(table, made, due_at=EPOCH + 900) == found


def test_a_return_without_a_claim_does_not_delay_an_earlier_check(table: Table) -> None:
    made = claimed(table, rescheduled(table, claimed(table, pending(table), NOW), due_at=EPOCH + 13), later(8))
    found, is_claimed = returned(table, made, 10)
    assert not is_claimed
    assert found is not None
    assert (found.status, found.due_at) == (Status.PROCESSING, EPOCH + 13)


@pytest.mark.parametrize(("seconds", "is_allowed"), [(2, False), (6, True), (75, True)])
def test_a_further_return_claims_while_checks_are_left(table: Table, seconds: float, is_allowed: bool) -> None:
    made = pending(table)
    returned(table, made, 0)
    if seconds > 6:
        returned(table, made, 6)
    found, is_claimed = returned(table, made, seconds)
    assert found is not None
    assert (found.status, found.sequence, is_claimed) == (Status.PROCESSING, 2, is_allowed)


def test_a_return_late_in_the_follow_ups_of_another_has_its_own(table: Table) -> None:
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


def test_a_return_is_recorded_even_if_a_check_advances_in_between(table: Table) -> None:
    checking = claimed(table, pending(table), later(8))
    existing_before = existing(table, checking)
    completion.advance(table, checking, update(Status.PROCESSING), later(9))
    found, _ = returns.claim_further_return(table, existing_before, nonce(), later(10))
    assert found
    assert (found.status, found.sequence, found.returned_at) == (Status.PROCESSING, 2, EPOCH + 10)


def test_a_return_is_not_recorded_if_the_verification_is_redacted_in_between(table: Table) -> None:
    made = pending(table)
    tombstone = redaction.redact(table, made, due_at=EPOCH, now=later(9))
    assert returns.claim_further_return(table, made, nonce(), later(10)) == (tombstone, False)


def test_returns_in_a_loop_claim_at_most_the_allowed_checks(table: Table) -> None:
    made = pending(table)
    claims = [returned(table, made, 6 * n)[1] for n in range(150)]
    assert sum(claims) <= schedule.MAX_CHECKS - 1


def test_a_return_whose_response_was_lost_can_be_repeated_by_its_claimer(table: Table) -> None:
    made = pending(table)
    assert made.code is not None
    first = returns.claim_first_return(table, made.id, "claimer", NOW, made.code)
    assert returns.claim_first_return(table, made.id, "claimer", NOW, made.code) == first
    assert first[1]


def test_a_further_return_whose_response_was_lost_is_known_by_its_claimer(table: Table) -> None:
    found, _ = returned(table, pending(table), 0)
    assert found is not None
    first = returns.claim_further_return(table, found, "claimer", later(75))
    assert returns.claim_further_return(table, found, "claimer", later(75)) == first
    assert first[1]


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.EXPIRED])
def test_a_return_does_not_change_a_final_status(table: Table, status: Status) -> None:
    made = in_status(table, status)
    found, is_claimed = returned(table, made, 60)
    assert found is not None
    assert (found.status, found.sequence, is_claimed) == (status, made.sequence, status is Status.EXPIRED)
