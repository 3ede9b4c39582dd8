"""The commit of a link that a start page made, by the request that holds the lease."""

import dataclasses
from collections.abc import Callable

import pytest

from bridge.domain import schedule
from bridge.domain.verification import EndedLink, Status, Verification
from bridge.store import completion, returns
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    TOKEN,
    UNKNOWN,
    UNOPENED_DUE,
    between_links,
    claimed,
    existing,
    failed_check,
    index,
    item,
    later,
    leased,
    nonce,
    open_link,
    reopened,
    row,
    unopened,
    write,
)
from tests.store.test_start_links import AFTER_LEASE, FINAL, TAP, Make, commit, ended, redacted


def test_the_first_link_is_checked_as_every_link_is(table: Table) -> None:
    made = unopened(table)
    found = commit(table, leased(table, made, later(TAP)))
    assert found is not None
    assert found == dataclasses.replace(
        made,
        attempt=found.attempt,
        url="https://new.example",
        token="5LL",
        link_created_at=later(TAP + 1),
        updated_at=later(TAP + 1),
        expires_at=later(TAP + 901),
        due_at=int(later(TAP + 1).timestamp()) + schedule.FIRST_CHECK,
    )
    assert found == existing(table, made)
    assert index(table, "due") == {made.id}
    assert "advanced" not in row(table, made)


def test_another_link_starts_anew_and_keeps_what_happened_before(table: Table) -> None:
    made = unopened(table)
    write(table, made, **UNKNOWN)
    first = open_link(table, made, later(2))
    assert first.code is not None
    returns.claim_first_return(table, first.id, nonce(), later(400), first.code)
    failed_check(table, claimed(table, first, later(900)), failures=2)
    checked = claimed(table, first, later(1000))
    completion.reschedule(
        table,
        checked,
        due_at=UNOPENED_DUE,
        expires_at=later(902),
        now=later(1001),
        contradictory_records=2,
        reason_code="inconsistent_result",
        link_outcome="abandoned",
    )
    before = existing(table, made)
    assert all((before.returned_at, before.claimed_at, before.claimed_by, before.checks, before.contradictory_records))
    assert (before.reason_code, before.last_contact_at) == ("inconsistent_result", EPOCH + 400)

    second = commit(table, leased(table, before, later(TAP)))

    assert second is not None
    assert second == dataclasses.replace(
        made,
        status=Status.PROCESSING,
        sequence=2,
        attempt=second.attempt,
        url="https://new.example",
        token="5LL",
        link_created_at=later(TAP + 1),
        updated_at=later(TAP + 1),
        expires_at=later(TAP + 901),
        due_at=int(later(TAP + 1).timestamp()) + schedule.FIRST_CHECK,
        ended_links=(EndedLink(TOKEN, later(2), later(902), "abandoned"),),
        history=before.history,
    )
    left = row(table, made)
    earlier = {"contact_started_at", "lease_until", "failures", "contradictory_records", "reason_code", "link_outcome"}
    assert left.keys().isdisjoint(earlier)
    assert UNKNOWN.items() <= left.items()


def test_each_link_that_ended_stays_in_their_order(table: Table) -> None:
    second = reopened(table)
    write(table, second, link_outcome="not_started")
    third = commit(table, leased(table, existing(table, second), later(TAP)), token="6MM")
    assert third is not None
    assert [(link.token, link.outcome) for link in third.ended_links] == [(TOKEN, "abandoned"), ("5LL", "not_started")]


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize("happens", [redacted, *map(ended, FINAL)])
def test_no_link_is_stored_once_it_has_ended(
    table: Table, make: Make, happens: Callable[[Table, Verification], None]
) -> None:
    lease = leased(table, make(table), later(TAP))
    happens(table, lease)
    before = item(table, lease.id)
    assert commit(table, lease) is None
    assert item(table, lease.id) == before


def test_a_link_is_stored_only_by_the_request_that_holds_the_lease(table: Table) -> None:
    first = leased(table, unopened(table), later(TAP))
    second = leased(table, first, later(TAP + AFTER_LEASE))
    assert commit(table, first) is None
    assert existing(table, first) == second
    stored = commit(table, second, token="6MM")
    assert stored is not None
    assert commit(table, first) is None
    assert existing(table, first) == stored


def test_a_commit_that_is_repeated_gives_the_stored_link(table: Table) -> None:
    lease = leased(table, between_links(table), later(TAP))
    stored = commit(table, lease)
    write(table, lease, attempt=nonce())
    again = commit(table, lease, at=TAP + 5)
    assert stored is not None
    assert again == existing(table, lease) == dataclasses.replace(stored, attempt=again.attempt if again else "")
