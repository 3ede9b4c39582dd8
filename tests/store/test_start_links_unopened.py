"""Verifications with a start page before there is a link: how they are created, and expire if nobody opens them."""

import dataclasses
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
from tests.store.test_start_links import AFTER_LEASE, TAP, Make, redacted


def test_one_that_nobody_opened_expires_and_is_due_no_more(table: Table) -> None:
    made = unopened(table)
    leased(table, made, later(TAP))
    write(table, made, **UNKNOWN)
    assert start_links.expire_unopened(table, made.id, VALID_UNTIL)
    expired = existing(table, made)
    entry = HistoryEntry(Status.EXPIRED, VALID_UNTIL, "not_started")
    assert expired == dataclasses.replace(
        made,
        status=Status.EXPIRED,
        sequence=2,
        attempt=expired.attempt,
        reason_code="not_started",
        updated_at=VALID_UNTIL,
        due_at=None,
        history=(*made.history, entry),
    )
    left = row(table, made)
    assert left["ttl"] == int(VALID_UNTIL.timestamp()) + table.retention
    assert left.keys().isdisjoint({"due_at", "due_shard", "lease_until"})
    assert UNKNOWN.items() <= left.items()
    assert left["advanced"] is True
    assert not start_links.expire_unopened(table, made.id, VALID_UNTIL)
    assert existing(table, made) == expired


def _unopened_and(happens: Callable[[Table, Verification], object]) -> Make:
    def make(table: Table) -> Verification:
        made = unopened(table)
        happens(table, made)
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
def test_what_is_opened_valid_leased_or_ended_is_not_expired_unopened(table: Table, make: Make, seconds: float) -> None:
    made = make(table)
    before = item(table, made.id)
    assert not start_links.expire_unopened(table, made.id, later(seconds))
    assert item(table, made.id) == before


def commit_unopened(table: Table, made: Verification) -> Verification:
    return creation.commit_without_link(table, made, due_at=UNOPENED_DUE, now=later(1))


def unopened_reservation(table: Table, **changes: Any) -> Verification:
    return reserved(table, **{"valid_until": VALID_UNTIL, "expires_at": VALID_UNTIL, **changes})


def test_a_commit_without_a_link_makes_a_pending_verification(table: Table) -> None:
    made = unopened_reservation(table)
    committed = commit_unopened(table, made)
    assert committed == dataclasses.replace(
        made,
        sequence=1,
        updated_at=later(1),
        due_at=UNOPENED_DUE,
        lease_until=None,
        history=(HistoryEntry(Status.PENDING, later(1)),),
    )
    assert committed == existing(table, made)
    assert row(table, made)["reference_key"] == reference_key("shop", "order-1")
    assert index(table, "due") == index(table, "by_reference") == index(table, "by_created") == {made.id}
    # Its response may have been lost.
    assert commit_unopened(table, made) == committed


def _taken_over(table: Table, made: Verification) -> Verification:
    second = dataclasses.replace(made, attempt=nonce())
    assert creation.reserve(table, second, later(AFTER_LEASE)) is None
    return second


def _committed_by_another(table: Table, made: Verification) -> Verification:
    return commit_unopened(table, _taken_over(table, made))


def _abandoned(table: Table, made: Verification) -> Verification:
    assert creation.fail_abandoned(table, made, later(AFTER_LEASE))
    return existing(table, made)


def _released(table: Table, made: Verification) -> None:
    creation.release(table, made)


@pytest.mark.parametrize("happens", [_taken_over, _committed_by_another, _abandoned, _released])
def test_a_commit_without_a_link_is_refused_once_its_reservation_is_anothers(
    table: Table, happens: Callable[[Table, Verification], Verification | None]
) -> None:
    made = unopened_reservation(table)
    expected = happens(table, made)
    with pytest.raises(ConditionFailed) as refused:
        commit_unopened(table, made)
    assert refused.value.existing == expected
