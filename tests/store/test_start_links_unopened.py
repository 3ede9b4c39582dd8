"""Verifications whose start page nobody has opened: how they are created and expire."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store import creation, start_links
from bridge.store.index_keys import reference_key
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import (
    UNKNOWN,
    UNOPENED_DUE,
    VALID_UNTIL,
    between_links,
    existing,
    index,
    item,
    later,
    leased,
    nonce,
    opened,
    reserved,
    row,
    unopened,
    write,
)
from tests.store.start_link_steps import AFTER_LEASE, TAP, Make, redacted


def test_an_unopened_verification_expires_and_is_not_due(table: Table) -> None:
    made = unopened(table)
    leased(table, made, later(TAP))
    write(table, made, **UNKNOWN)
    expired = start_links.expire_without_link(table, made.id, VALID_UNTIL)
    assert expired == existing(table, made)
    entry = HistoryEntry(Status.EXPIRED, VALID_UNTIL, "not_started")
    assert expired == made._replace(
        status=Status.EXPIRED,
        sequence=2,
        attempt=expired.attempt,
        reason_code="not_started",
        updated_at=VALID_UNTIL,
        due_at=None,
        history=(*made.history, entry),
    )
    stored_row = row(table, made)
    assert stored_row["ttl"] == int(VALID_UNTIL.timestamp()) + table.retention_seconds
    assert stored_row.keys().isdisjoint({"due_at", "due_shard", "lease_until"})
    assert UNKNOWN.items() <= stored_row.items()
    assert stored_row["advanced"] is True
    assert not start_links.expire_without_link(table, made.id, VALID_UNTIL)
    assert existing(table, made) == expired


def _unopened_and(change: Callable[[Table, Verification], object]) -> Make:
    def make(table: Table) -> Verification:
        made = unopened(table)
        change(table, made)
        return existing(table, made)

    return make


@pytest.mark.parametrize(
    ("make", "seconds"),
    [
        pytest.param(unopened, 7 * 86400 - 0.001, id="still valid"),
        pytest.param(_unopened_and(lambda t, v: write(t, v, status="processing")), 8 * 86400, id="processing"),
        pytest.param(_unopened_and(lambda t, v: leased(t, v, later(7 * 86400 - 1))), 7 * 86400 + 29, id="leased"),
        pytest.param(_unopened_and(redacted), 8 * 86400, id="redacted"),
        pytest.param(
            _unopened_and(lambda t, v: write(t, v, redacted_at=timestamp(later(3)))), 8 * 86400, id="pending tombstone"
        ),
        pytest.param(opened, 8 * 86400, id="opened"),
        pytest.param(between_links, 8 * 86400, id="between links"),
    ],
)
def test_only_an_outdated_unopened_verification_expires(table: Table, make: Make, seconds: float) -> None:
    made = make(table)
    before = item(table, made.id)
    assert not start_links.expire_without_link(table, made.id, later(seconds))
    assert item(table, made.id) == before


def commit_unopened(table: Table, made: Verification) -> Verification:
    return creation.commit_without_link(table, made, due_at=UNOPENED_DUE, now=later(1))


def unopened_reservation(table: Table, **changes: Any) -> Verification:
    return reserved(table, **{"valid_until": VALID_UNTIL, "expires_at": VALID_UNTIL, **changes})


def test_a_commit_without_a_link_makes_a_pending_verification(table: Table) -> None:
    made = unopened_reservation(table)
    committed = commit_unopened(table, made)
    assert committed == made._replace(
        sequence=1,
        updated_at=later(1),
        due_at=UNOPENED_DUE,
        lease_until=None,
        history=(HistoryEntry(Status.PENDING, later(1)),),
    )
    assert committed == existing(table, made)
    assert row(table, made)["reference_key"] == reference_key("shop", "order-1")
    assert index(table, "due") == index(table, "by_reference") == index(table, "by_created") == {made.id}
    # The commit can be repeated, because its response may have been lost.
    assert commit_unopened(table, made) == committed


def _taken_over(table: Table, made: Verification) -> Verification:
    second = made._replace(attempt=nonce())
    assert creation.reserve(table, second, later(AFTER_LEASE)) is None
    return second


def _committed_by_another(table: Table, made: Verification) -> Verification:
    return commit_unopened(table, _taken_over(table, made))


def _abandoned(table: Table, made: Verification) -> Verification:
    failed = creation.fail_abandoned(table, made, later(AFTER_LEASE))
    assert failed
    return failed


def _released(table: Table, made: Verification) -> None:
    creation.release(table, made)


@pytest.mark.parametrize("change", [_taken_over, _committed_by_another, _abandoned, _released])
def test_a_commit_without_a_link_is_refused_if_the_reservation_changed(
    table: Table, change: Callable[[Table, Verification], Verification | None]
) -> None:
    made = unopened_reservation(table)
    expected = change(table, made)
    with pytest.raises(ConditionFailed) as raised:
        commit_unopened(table, made)
    assert raised.value.existing == expected
