"""After a check, the claimer writes a higher status or the time of the next check."""

import itertools
from collections.abc import Callable

import pytest

from bridge.domain.identity import Matches
from bridge.domain.verification import Status, Verification
from bridge.store import due, redaction
from bridge.store.completion import advance, release
from bridge.store.items import from_item
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    EVIDENCE,
    EXPIRES_AT,
    UNKNOWN,
    claim,
    claimed,
    existing,
    failed_check,
    in_status,
    index,
    is_empty,
    item,
    later,
    pending,
    redacted,
    rescheduled,
    reservation,
    row,
    update,
    write,
)

Change = Callable[[Table, Verification], None]

# A copy of the order in bridge.domain, so that a change there fails here.
ORDER = [{Status.PENDING}, {Status.PROCESSING}, {Status.REJECTED, Status.FAILED, Status.EXPIRED}, {Status.VERIFIED}]
RANK = {status: number for number, equals in enumerate(ORDER) for status in equals}
# Nothing advances to pending, the lowest status.
PAIRS = [pair for pair in itertools.product(Status, Status) if pair[1] is not Status.PENDING]


@pytest.mark.parametrize(("low", "high"), [pair for pair in PAIRS if RANK[pair[0]] < RANK[pair[1]]])
def test_an_advance_to_a_higher_status_increments_the_sequence(table: Table, low: Status, high: Status) -> None:
    made = in_status(table, low)
    advanced = advance(table, made, update(high), later(9))
    assert (advanced.status, advanced.sequence, advanced.updated_at) == (high, made.sequence + 1, later(9))
    assert advanced == existing(table, made)


@pytest.mark.parametrize(("high", "low"), [pair for pair in PAIRS if RANK[pair[1]] <= RANK[pair[0]]])
def test_an_advance_to_a_lower_or_equal_status_changes_nothing(table: Table, high: Status, low: Status) -> None:
    made = in_status(table, high)
    before = item(table, made.id)
    assert advance(table, made, update(low, reason_code="another"), later(9)) == made
    assert item(table, made.id) == before


def test_each_of_several_advances_increments_the_sequence(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    statuses = [Status.PROCESSING, Status.EXPIRED, Status.VERIFIED]
    assert [advance(table, made, update(status), later(9)).sequence for status in statuses] == [2, 3, 4]


def test_a_final_status_has_its_evidence_and_expires_after_the_retention(table: Table) -> None:
    made = advance(table, in_status(table, Status.PROCESSING), update(Status.REJECTED), later(9))
    assert (made.reason_code, made.evidence, made.due_at) == ("document_copied", EVIDENCE, None)
    assert row(table, made)["ttl"] == EPOCH + 9 + table.retention_seconds
    assert index(table, "due") == set()


def test_an_open_status_has_no_ttl(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    assert "ttl" not in row(table, made)


def test_a_late_verified_removes_the_reason(table: Table) -> None:
    made = advance(table, in_status(table, Status.REJECTED), update(Status.VERIFIED), later(9))
    assert made.reason_code is None
    assert row(table, made)["ttl"] == EPOCH + 9 + table.retention_seconds


def test_an_advance_without_evidence_keeps_the_evidence(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    given_up = update(Status.FAILED, evidence=None, reason_code="vendor_unreachable")
    assert advance(table, made, given_up, later(9)).evidence == EVIDENCE


def test_an_advance_that_is_not_certain_stays_due(table: Table) -> None:
    made = advance(table, in_status(table, Status.PENDING), update(Status.REJECTED, due_at=EPOCH + 900), later(9))
    assert made.due_at == EPOCH + 900
    assert index(table, "due") == {made.id}


def test_an_advance_resets_the_count_of_failures(table: Table) -> None:
    made = failed_check(table, in_status(table, Status.PENDING), failures=3)
    assert made.failures == 3
    assert advance(table, made, update(Status.PROCESSING), later(9)).failures == 0
    assert "failures" not in row(table, made)


def test_the_last_contact_with_the_vendor_is_kept_by_later_claims(table: Table) -> None:
    made = pending(table)
    first = claimed(table, made, later(10))
    assert first.last_contact_at == 0
    failed_check(table, first)
    second = claimed(table, made, later(20))
    assert second.last_contact_at == 0
    rescheduled(table, second, due_at=EPOCH + 60, expires_at=EXPIRES_AT)
    third = claimed(table, made, later(30))
    assert third.last_contact_at == EPOCH + 20
    failed_check(table, third)
    assert claimed(table, made, later(40)).last_contact_at == EPOCH + 20
    # The fourth check crashed after its contact with the vendor.
    advanced = claimed(table, made, later(50))
    assert advanced.last_contact_at == EPOCH + 40
    assert advance(table, advanced, update(Status.PROCESSING), later(51)).last_contact_at == 0
    assert row(table, made).keys().isdisjoint({"contact_started_at", "last_contact_at"})


def test_a_released_claim_neither_counts_nor_delays_the_next_claim(table: Table) -> None:
    before = rescheduled(table, claimed(table, pending(table), later(10)))
    released = release(table, claimed(table, before, later(20)), due_at=EPOCH + 70, is_counted=True)
    assert released == existing(table, before)
    assert (released.checks, released.claimed_at, released.due_at) == (before.checks, None, EPOCH + 70)
    # The vendor was not called at that time.
    assert claimed(table, before, later(21)).last_contact_at == EPOCH + 10


def test_a_repeated_advance_is_written_once(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    first = advance(table, made, update(Status.VERIFIED), later(9))
    assert advance(table, made, update(Status.VERIFIED), later(10)) == first
    assert first.sequence == 2


def test_a_tombstone_does_not_advance(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    tombstone = redaction.redact(table, made, due_at=EPOCH, now=later(5))
    assert advance(table, made, update(Status.VERIFIED), later(9)) == tombstone
    assert existing(table, made) == tombstone


def test_a_deleted_row_is_neither_advanced_nor_rescheduled(table: Table) -> None:
    gone = reservation()._replace(claimed_by="claimer")
    assert advance(table, gone, update(Status.VERIFIED), later(9)) == gone
    assert rescheduled(table, gone, due_at=EPOCH, expires_at=EXPIRES_AT) == gone
    assert is_empty(table)


def test_a_rescheduled_verification_keeps_its_status_and_is_due_as_planned(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    new_end = later(700)
    planned = rescheduled(table, made, due_at=EPOCH + 705, expires_at=new_end)
    assert planned == made._replace(due_at=EPOCH + 705, expires_at=new_end)
    assert planned == existing(table, made)
    assert index(table, "due") == {made.id}


@pytest.mark.parametrize("matches", [Matches(True, False, None), Matches(None, True, False)])
def test_an_advance_stores_the_evidence_in_the_history_and_how_the_document_compared(
    table: Table, matches: Matches
) -> None:
    made = claimed(table, pending(table), later(8))
    result = update(Status.VERIFIED)._replace(evidence=EVIDENCE, matches=matches)
    assert advance(table, made, result, later(9)) == existing(table, made)
    advanced = existing(table, made)
    assert (advanced.evidence, advanced.matches) == (EVIDENCE, matches)
    assert advanced.history[-1].evidence_sha256 == EVIDENCE.sha256


def test_a_check_that_keeps_its_plan_keeps_that_of_a_sweep_meanwhile(table: Table) -> None:
    made = claimed(table, pending(table), later(8))
    assert made.due_at is not None
    assert due.claim_due(table, made.id, made.due_at, until=EPOCH + 20)
    assert rescheduled(table, made, due_at=made.due_at).due_at == EPOCH + 20
    assert release(table, made, due_at=made.due_at, is_counted=True).due_at == EPOCH + 20
    assert index(table, "due") == {made.id}


def test_a_verification_rescheduled_to_none_leaves_the_due_index(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    assert index(table, "due") == {made.id}
    rescheduled(table, made, due_at=None, expires_at=EXPIRES_AT)
    assert index(table, "due") == set()
    assert row(table, made).keys().isdisjoint({"due_at", "due_shard"})


def test_a_repeated_reschedule_changes_nothing(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    first = rescheduled(table, made, due_at=EPOCH + 60)
    assert rescheduled(table, made, due_at=EPOCH + 60) == first


def _claimed_by_another(table: Table, made: Verification) -> None:
    claimed(table, made, later(60))


def _advanced(table: Table, made: Verification) -> None:
    advance(table, made, update(Status.PROCESSING), later(60))


def _redacted(table: Table, made: Verification) -> None:
    # The status is final, so it stays, and only the redaction prevents the reschedule.
    assert redaction.redact(table, made, due_at=EPOCH, now=later(60))


@pytest.mark.parametrize(
    ("status", "change"),
    [(Status.PENDING, _claimed_by_another), (Status.PENDING, _advanced), (Status.EXPIRED, _redacted)],
)
def test_a_claimer_with_an_outdated_row_cannot_reschedule(table: Table, status: Status, change: Change) -> None:
    made = in_status(table, status)
    change(table, made)
    before = item(table, made.id)
    assert rescheduled(table, made, due_at=EPOCH + 9, expires_at=later(9)) == existing(table, made)
    assert item(table, made.id) == before


def test_claim_advance_and_reschedule_keep_unknown_attributes(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN)
    planned = rescheduled(table, claimed(table, made), due_at=EPOCH + 60, expires_at=EXPIRES_AT)
    for status in (Status.PROCESSING, Status.EXPIRED, Status.VERIFIED):
        advance(table, planned, update(status), later(9))
    assert UNKNOWN.items() <= from_item(item(table, made.id)).items()


def test_a_late_check_neither_claims_nor_reschedules_a_tombstone(table: Table) -> None:
    tombstone = redacted(table)
    before = item(table, tombstone.id)
    assert not claim(table, tombstone.id, "late", later(60))[1]
    rescheduled(table, tombstone, due_at=EPOCH, expires_at=EXPIRES_AT)
    assert item(table, tombstone.id) == before
