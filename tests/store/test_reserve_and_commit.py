"""Reserving, committing, releasing and failing a new verification."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.verification import HistoryEntry, Status, Verification
from bridge.store import creation, listing
from bridge.store.index_keys import reference_key
from bridge.store.listing import Selection
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import (
    FIRST_CHECK,
    NOW,
    TOKEN,
    URL,
    commit,
    existing,
    failed_reservation,
    index,
    is_empty,
    item,
    later,
    nonce,
    pending,
    redacted,
    reservation,
    reserved,
    row,
)

Make = Callable[[Table], Verification]

AFTER_LEASE = schedule.LEASE_SECONDS + 1


def repeated(made: Verification, seconds: float, **changes: Any) -> Verification:
    """Returns the reservation that a repeated request would make."""
    lease = int(later(seconds + schedule.LEASE_SECONDS).timestamp())
    return made._replace(attempt=nonce(), code="another", lease_until=lease, **changes)


def test_a_reservation_is_read_as_it_was_written(table: Table) -> None:
    made = reserved(table)
    assert existing(table, made) == made
    assert made.is_reservation


@pytest.mark.parametrize("changes", [{"reference": None}, {"metadata": {}}, {"metadata": {"ключ": "значение 🙂"}}])
def test_omitted_fields_and_text_in_any_script_are_read_unchanged(table: Table, changes: dict[str, object]) -> None:
    made = reserved(table, **changes)
    assert existing(table, made) == made


def test_a_reservation_is_not_in_the_reference_index(table: Table) -> None:
    reserved(table)
    assert index(table, "by_reference") == set()


def test_a_second_reservation_returns_the_first(table: Table) -> None:
    made = reserved(table)
    assert creation.reserve(table, repeated(made, 1), later(1)) == made
    assert existing(table, made) == made


def test_a_repeated_reservation_of_the_same_attempt_succeeds(table: Table) -> None:
    made = reserved(table)
    assert creation.reserve(table, made, later(1)) is None
    assert existing(table, made) == made


def test_a_reservation_is_taken_over_after_its_lease(table: Table) -> None:
    second = repeated(reserved(table), AFTER_LEASE)
    assert creation.reserve(table, second, later(AFTER_LEASE)) is None
    assert existing(table, second) == second


def test_a_reservation_is_not_taken_over_during_its_lease(table: Table) -> None:
    made = reserved(table)
    assert creation.reserve(table, repeated(made, schedule.LEASE_SECONDS), later(schedule.LEASE_SECONDS)) == made


def test_a_reservation_is_not_taken_over_by_another_request(table: Table) -> None:
    made = reserved(table)
    other = repeated(made, AFTER_LEASE, fingerprint="0" * 64)
    assert creation.reserve(table, other, later(AFTER_LEASE)) == made
    assert existing(table, made) == made


@pytest.mark.parametrize("make", [pending, failed_reservation, redacted])
def test_a_committed_failed_or_redacted_record_is_never_taken_over(table: Table, make: Make) -> None:
    made = make(table)
    before = item(table, made.id)
    assert creation.reserve(table, repeated(made, 86400, fingerprint="f" * 64), later(86400)) == made
    assert item(table, made.id) == before


def test_a_commit_makes_a_pending_verification(table: Table) -> None:
    made = reserved(table)
    committed = commit(table, made)
    assert committed == made._replace(
        sequence=1,
        url=URL,
        token=TOKEN,
        updated_at=later(1),
        due_at=FIRST_CHECK,
        lease_until=None,
        history=(HistoryEntry(Status.PENDING, later(1)),),
    )
    assert committed == existing(table, made)
    assert row(table, made)["reference_key"] == reference_key("shop", "order-1")


def test_a_verification_without_a_reference_is_not_in_its_index(table: Table) -> None:
    made = pending(table, reference=None)
    assert "reference_key" not in row(table, made)
    assert index(table, "by_reference") == set()


def test_a_repeated_commit_of_the_same_token_changes_nothing(table: Table) -> None:
    made = reserved(table)
    assert commit(table, made) == commit(table, made)
    assert existing(table, made).sequence == 1


def test_a_commit_after_the_reservation_was_taken_over_is_refused(table: Table) -> None:
    made = reserved(table)
    second = repeated(made, AFTER_LEASE)
    creation.reserve(table, second, later(AFTER_LEASE))
    with pytest.raises(ConditionFailed) as raised:
        commit(table, made)
    assert raised.value.existing == second
    assert commit(table, second, token="5LL").token == "5LL"


def test_a_second_commit_with_another_token_is_refused(table: Table) -> None:
    made = reserved(table)
    first = commit(table, made)
    with pytest.raises(ConditionFailed):
        commit(table, made, token="5LL")
    assert existing(table, made) == first


def test_a_commit_without_a_reservation_is_refused_and_writes_nothing(table: Table) -> None:
    with pytest.raises(ConditionFailed) as raised:
        commit(table, reservation())
    assert raised.value.existing is None
    assert is_empty(table)


def test_a_commit_after_the_reservation_failed_is_refused(table: Table) -> None:
    made = failed_reservation(table)
    with pytest.raises(ConditionFailed):
        commit(table, made)
    assert existing(table, made) == made


def test_a_released_reservation_is_deleted_and_can_be_made_again(table: Table) -> None:
    made = reserved(table)
    creation.release(table, made)
    creation.release(table, made)
    assert is_empty(table)
    assert creation.reserve(table, repeated(made, 1), later(1)) is None


def test_a_release_by_another_attempt_leaves_the_reservation(table: Table) -> None:
    made = reserved(table)
    creation.release(table, repeated(made, 1))
    assert existing(table, made) == made


def test_a_release_leaves_a_committed_verification(table: Table) -> None:
    made = pending(table)
    creation.release(table, made)
    assert existing(table, made) == made


def test_an_abandoned_reservation_fails_and_is_not_due(table: Table) -> None:
    made = reserved(table)
    now = later(AFTER_LEASE)
    failed = creation.fail_abandoned(table, made, now)
    assert failed == existing(table, made)
    assert (failed.status, failed.reason_code, failed.sequence) == (Status.FAILED, "link_not_created", 1)
    assert (failed.updated_at, failed.due_at, failed.lease_until) == (now, None, None)
    assert failed.history == (HistoryEntry(Status.FAILED, now, "link_not_created"),)
    assert row(table, made)["ttl"] == int(now.timestamp()) + table.retention_seconds
    assert index(table, "due") == set()


def test_a_failed_reservation_is_listed_like_a_committed_one(table: Table) -> None:
    made, without = reserved(table), reserved(table, reference=None)
    for each in (made, without):
        assert creation.fail_abandoned(table, each, later(AFTER_LEASE))
    assert index(table, "by_reference") == {made.id}
    span = Selection(NOW, later(1), Status.FAILED)
    assert {each.id for each in listing.by_created(table, "shop", span, limit=9, after=None)[0]} == {
        made.id,
        without.id,
    }


def test_a_reservation_that_was_taken_over_is_not_failed_as_its_predecessor(table: Table) -> None:
    made = reserved(table)
    second = repeated(made, AFTER_LEASE, created_at=later(AFTER_LEASE))
    assert creation.reserve(table, second, later(AFTER_LEASE)) is None
    assert not creation.fail_abandoned(table, made, later(86400))
    assert existing(table, made) == second


@pytest.mark.parametrize("seconds", [0, schedule.LEASE_SECONDS])
def test_a_reservation_is_not_failed_during_its_lease(table: Table, seconds: int) -> None:
    made = reserved(table)
    assert not creation.fail_abandoned(table, made, later(seconds))
    assert existing(table, made) == made


@pytest.mark.parametrize("make", [pending, failed_reservation, redacted])
def test_a_committed_failed_or_redacted_record_is_not_failed(table: Table, make: Make) -> None:
    made = make(table)
    assert not creation.fail_abandoned(table, made, later(86400))
    assert existing(table, made) == made


def test_an_unknown_reservation_is_not_failed(table: Table) -> None:
    assert not creation.fail_abandoned(table, reservation(), NOW)
    assert is_empty(table)
