"""The sparse, sharded index of due verifications, and claims of them."""

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
    update,
    write,
)


def due_ids(table: Table, seconds: float, *, limit: int = 100) -> list[str]:
    return [id for id, _ in due.find_due(table, later(seconds), limit=limit)]


def ids_in_shard(shard: int, count: int) -> list[str]:
    """Returns `count` ids in this shard."""
    found: list[str] = []
    while len(found) < count:
        id = reservation().id
        if due_shard(id) == str(shard):
            found.append(id)
    return found


def test_only_verifications_that_need_work_are_in_the_due_index(table: Table) -> None:
    expected = [reserved(table), pending(table), claimed(table, pending(table)), redacted(table)]
    failed_reservation(table)
    in_status(table, Status.VERIFIED)
    in_status(table, Status.EXPIRED)
    assert index(table, "due") == {made.id for made in expected}


@pytest.mark.parametrize("make", [reserved, pending, failed_reservation, redacted])
def test_a_row_has_both_due_time_and_shard_or_neither(table: Table, make: Callable[[Table], Verification]) -> None:
    written = row(table, make(table))
    assert ("due_at" in written) is ("due_shard" in written)
    assert written.get("due_shard", "0") in {str(shard) for shard in range(DUE_SHARDS)}


def test_due_verifications_are_found_in_every_shard(table: Table) -> None:
    ids = [ids_in_shard(shard, 1)[0] for shard in range(DUE_SHARDS)]
    for id in ids:
        pending(table, id=id)
    found = list(due.find_due(table, later(schedule.FIRST_CHECK_SECONDS), limit=DUE_SHARDS))
    assert sorted(found) == sorted((id, FIRST_CHECK) for id in ids)


@pytest.mark.parametrize(("early", "is_due"), [(1, False), (0, True)])
def test_nothing_is_due_before_its_second(table: Table, early: int, is_due: bool) -> None:
    made = pending(table)
    assert due_ids(table, schedule.FIRST_CHECK_SECONDS - early) == [made.id] * is_due


def test_the_longest_due_comes_first_and_the_limit_covers_all_shards(table: Table) -> None:
    ids = ids_in_shard(2, 5)
    for age, id in enumerate(ids):
        reserved(table, id=id, due_at=EPOCH - age)
    assert due_ids(table, 0) == ids[::-1]
    assert due_ids(table, 0, limit=2 * DUE_SHARDS) == ids[:-3:-1]


def test_a_claimed_verification_is_due_again_later(table: Table) -> None:
    made = pending(table)
    assert due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + schedule.RESEND_SECONDS)
    assert due_ids(table, schedule.FIRST_CHECK_SECONDS) == []
    assert due_ids(table, schedule.FIRST_CHECK_SECONDS + schedule.RESEND_SECONDS) == [made.id]


def test_a_second_claim_of_the_same_due_time_is_refused(table: Table) -> None:
    made = pending(table)
    assert due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 900)
    assert existing(table, made).due_at == FIRST_CHECK + 600


def test_a_verification_rescheduled_since_the_query_is_not_claimed(table: Table) -> None:
    made = rescheduled(table, claimed(table, pending(table)))
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert existing(table, made) == made


def test_a_verification_that_became_final_since_the_query_is_not_claimed(table: Table) -> None:
    made = completion.advance(table, in_status(table, Status.PENDING), update(Status.VERIFIED), later(9))
    assert not due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    assert index(table, "due") == set()


def test_a_deleted_row_is_not_claimed(table: Table) -> None:
    assert not due.claim_due(table, reservation().id, EPOCH, until=EPOCH + 600)
    assert is_empty(table)


def test_a_claim_of_a_due_verification_changes_only_its_time(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN)
    before = item(table, made.id)
    due.claim_due(table, made.id, FIRST_CHECK, until=int(NOW.timestamp()) + 600)
    del before["advanced"]
    assert item(table, made.id) == before | {"due_at": {"N": str(EPOCH + 600)}}


def test_an_unreadable_row_is_set_aside_unchanged(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN, status="archived")
    before = item(table, made.id)
    with pytest.raises(UnreadableRow) as raised:
        due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 600)
    due.set_aside(table, raised.value, later(600))
    del before["advanced"]
    assert item(table, made.id) == before | {"due_at": {"N": str(EPOCH + 600 + due.SET_ASIDE_SECONDS)}}


def test_an_unreadable_row_that_is_not_due_stays_not_due(table: Table) -> None:
    made = in_status(table, Status.VERIFIED)
    write(table, made, status="archived")
    due.set_aside(table, UnreadableRow(made.id), later(600))
    due.set_aside(table, UnreadableRow(reservation().id), later(600))
    assert index(table, "due") == set()


def test_a_cleared_verification_is_not_due(table: Table) -> None:
    made = completion.advance(table, in_status(table, Status.PENDING), update(Status.REJECTED, due_at=EPOCH), later(9))
    due.clear_due(table, made)
    due.clear_due(table, made)
    assert existing(table, made) == made._replace(due_at=None)
    assert index(table, "due") == set()


def test_clearing_an_outdated_row_leaves_it_due(table: Table) -> None:
    read = completion.advance(table, in_status(table, Status.PENDING), update(Status.REJECTED, due_at=EPOCH), later(9))
    changes: list[Callable[[], Verification | None]] = [
        lambda: completion.advance(table, read, update(Status.VERIFIED, due_at=EPOCH), later(70)),
        lambda: redaction.redact(table, existing(table, read), due_at=EPOCH, now=later(80)),
    ]
    for change in changes:
        made = change()
        due.clear_due(table, read)
        assert made == existing(table, read)
        assert index(table, "due") == {read.id}
