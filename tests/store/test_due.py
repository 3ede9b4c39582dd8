"""The index of what is due: sparse, spread over shards, taken by one."""

import dataclasses
from collections.abc import Callable

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import completion, due, redaction
from bridge.store.index_keys import DUE_SHARDS, due_shard
from bridge.store.rows import UnreadableRow
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    FIRST_CHECK,
    NOW,
    UNKNOWN,
    claimed,
    existing,
    failed_reservation,
    finding,
    in_status,
    index,
    is_empty,
    item,
    later,
    pending,
    redacted,
    rescheduled,
    reservation,
    reserved,
    row,
    write,
)


def due_ids(table: Table, seconds: float, *, limit: int = 100) -> list[str]:
    return [id for id, _ in due.find_due(table, later(seconds), limit=limit)]


def in_shard(shard: int, count: int) -> list[str]:
    """So many ids that lie in one shard."""
    found: list[str] = []
    while len(found) < count:
        id = reservation().id
        if due_shard(id) == str(shard):
            found.append(id)
    return found


def test_only_what_something_is_to_be_done_about_is_in_the_index(table: Table) -> None:
    waiting = [reserved(table), pending(table), claimed(table, pending(table)), redacted(table)]
    failed_reservation(table)
    in_status(table, Status.VERIFIED)
    in_status(table, Status.EXPIRED)
    assert index(table, "due") == {made.id for made in waiting}


@pytest.mark.parametrize("make", [reserved, pending, failed_reservation, redacted])
def test_a_time_and_a_shard_stand_together_or_not_at_all(table: Table, make: Callable[[Table], Verification]) -> None:
    written = row(table, make(table))
    assert ("due_at" in written) is ("due_shard" in written)
    assert written.get("due_shard", "0") in {str(shard) for shard in range(DUE_SHARDS)}


def test_what_is_due_is_found_in_every_shard(table: Table) -> None:
    ids = [in_shard(shard, 1)[0] for shard in range(DUE_SHARDS)]
    for id in ids:
        pending(table, id=id)
    found = list(due.find_due(table, later(schedule.FIRST_CHECK), limit=DUE_SHARDS))
    assert sorted(found) == sorted((id, FIRST_CHECK) for id in ids)


@pytest.mark.parametrize(("seconds", "is_due"), [(schedule.FIRST_CHECK - 1, False), (schedule.FIRST_CHECK, True)])
def test_nothing_is_due_before_its_second(table: Table, seconds: int, is_due: bool) -> None:
    made = pending(table)
    assert due_ids(table, seconds) == [made.id] * is_due


def test_the_longest_due_of_a_shard_comes_first_and_a_limit_holds_for_all_shards_together(table: Table) -> None:
    ids = in_shard(2, 5)
    for age, id in enumerate(ids):
        reserved(table, id=id, due_at=EPOCH - age)
    assert due_ids(table, 0) == ids[::-1]
    assert due_ids(table, 0, limit=2 * DUE_SHARDS) == ids[:-3:-1]


def test_what_was_claimed_is_due_again_later(table: Table) -> None:
    made = pending(table)
    assert due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + schedule.RESEND_SECONDS)
    assert due_ids(table, schedule.FIRST_CHECK) == []
    assert due_ids(table, schedule.FIRST_CHECK + schedule.RESEND_SECONDS) == [made.id]


def test_a_second_claim_of_the_same_due_time_is_refused(table: Table) -> None:
    made = pending(table)
    assert due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 900)
    assert existing(table, made).due_at == FIRST_CHECK + 600


def test_what_was_rescheduled_since_it_was_seen_is_not_claimed(table: Table) -> None:
    made = rescheduled(table, claimed(table, pending(table)))
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert existing(table, made) == made


def test_what_became_final_since_the_query_is_not_claimed(table: Table) -> None:
    made = completion.advance(table, in_status(table, Status.PENDING), finding(Status.VERIFIED), later(9))
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert index(table, "due") == set()


def test_a_deleted_row_is_not_claimed(table: Table) -> None:
    assert not due.claim_due(table, reservation().id, EPOCH, until=EPOCH + 600)
    assert is_empty(table)


def test_a_claim_of_what_is_due_changes_its_time_alone(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN)
    before = item(table, made.id)
    due.claim_due(table, made.id, FIRST_CHECK, until=int(NOW.timestamp()) + 600)
    del before["advanced"]
    assert item(table, made.id) == before | {"due_at": {"N": str(EPOCH + 600)}}


def test_what_cannot_be_read_is_set_aside_as_it_stands(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN, status="archived")
    before = item(table, made.id)
    with pytest.raises(UnreadableRow) as raised:
        due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    due.set_aside(table, raised.value, later(600))
    del before["advanced"]
    assert item(table, made.id) == before | {"due_at": {"N": str(EPOCH + 600 + due.SET_ASIDE_SECONDS)}}


def test_what_is_due_no_more_is_not_made_due_by_being_unreadable(table: Table) -> None:
    made = in_status(table, Status.VERIFIED)
    write(table, made, status="archived")
    due.set_aside(table, UnreadableRow(made.id), later(600))
    due.set_aside(table, UnreadableRow(reservation().id), later(600))
    assert index(table, "due") == set()


def test_one_that_nothing_can_change_any_more_is_due_no_more(table: Table) -> None:
    made = completion.advance(table, in_status(table, Status.PENDING), finding(Status.REJECTED, due_at=EPOCH), later(9))
    due.clear_due(table, made)
    due.clear_due(table, made)
    assert existing(table, made) == dataclasses.replace(made, due_at=None)
    assert index(table, "due") == set()


def test_what_advanced_or_was_redacted_meanwhile_stays_due(table: Table) -> None:
    read = completion.advance(table, in_status(table, Status.PENDING), finding(Status.REJECTED, due_at=EPOCH), later(9))
    changes: list[Callable[[], Verification | None]] = [
        lambda: completion.advance(table, read, finding(Status.VERIFIED, due_at=EPOCH), later(70)),
        lambda: redaction.redact(table, existing(table, read), due_at=EPOCH, now=later(80)),
    ]
    for change in changes:
        made = change()
        due.clear_due(table, read)
        assert made == existing(table, read)
        assert index(table, "due") == {read.id}
