"""Only the request that holds the lease commits the link of a start page."""

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
    make_link,
    nonce,
    reopened,
    row,
    unopened,
    write,
)
from tests.store.start_link_steps import AFTER_LEASE, FINAL, TAP, Make, commit, ended, redacted


def test_the_first_link_is_stored_and_due_for_its_first_check(table: Table) -> None:
    made = unopened(table)
    found = commit(table, leased(table, made, later(TAP)))
    assert found is not None
    assert found == made._replace(
        attempt=found.attempt,
        url="https://new.example",
        token="5LL",
        link_created_at=later(TAP + 1),
        updated_at=later(TAP + 1),
        expires_at=later(TAP + 901),
        due_at=int(later(TAP + 1).timestamp()) + schedule.FIRST_CHECK_SECONDS,
    )
    assert found == existing(table, made)
    assert index(table, "due") == {made.id}
    assert "advanced" not in row(table, made)


def after_an_abandoned_link(table: Table, made: Verification) -> Verification:
    """Makes the first link, lets the person return, checks it without a result, and ends it."""
    first = make_link(table, made, later(2))
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
    return existing(table, made)


def test_another_link_resets_the_checks_and_keeps_the_history(table: Table) -> None:
    made = unopened(table)
    write(table, made, **UNKNOWN)
    before = after_an_abandoned_link(table, made)
    assert all((before.returned_at, before.claimed_at, before.claimed_by, before.checks, before.contradictory_records))
    assert (before.reason_code, before.last_contact_at) == ("inconsistent_result", EPOCH + 400)

    second = commit(table, leased(table, before, later(TAP)))

    assert second is not None
    assert second == made._replace(
        status=Status.PROCESSING,
        sequence=2,
        attempt=second.attempt,
        url="https://new.example",
        token="5LL",
        link_created_at=later(TAP + 1),
        updated_at=later(TAP + 1),
        expires_at=later(TAP + 901),
        due_at=int(later(TAP + 1).timestamp()) + schedule.FIRST_CHECK_SECONDS,
        ended_links=(EndedLink(TOKEN, later(2), later(902), "abandoned"),),
        history=before.history,
    )
    stored_row = row(table, made)
    removed = {"contact_started_at", "lease_until", "failures", "contradictory_records", "reason_code", "link_outcome"}
    assert stored_row.keys().isdisjoint(removed)
    assert UNKNOWN.items() <= stored_row.items()


def test_ended_links_are_stored_in_order(table: Table) -> None:
    second = reopened(table)
    write(table, second, link_outcome="not_started")
    third = commit(table, leased(table, existing(table, second), later(TAP)), token="6MM")
    assert third is not None
    assert [(link.token, link.outcome) for link in third.ended_links] == [(TOKEN, "abandoned"), ("5LL", "not_started")]


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize("end", [redacted, *map(ended, FINAL)])
def test_no_link_is_stored_for_a_final_or_redacted_verification(
    table: Table, make: Make, end: Callable[[Table, Verification], None]
) -> None:
    lease = leased(table, make(table), later(TAP))
    end(table, lease)
    before = item(table, lease.id)
    assert commit(table, lease) is None
    assert item(table, lease.id) == before


def test_only_the_holder_of_the_lease_stores_a_link(table: Table) -> None:
    first = leased(table, unopened(table), later(TAP))
    second = leased(table, first, later(TAP + AFTER_LEASE))
    assert commit(table, first) is None
    assert existing(table, first) == second
    stored = commit(table, second, token="6MM")
    assert stored is not None
    assert commit(table, first) is None
    assert existing(table, first) == stored


def test_a_repeated_commit_returns_the_stored_link(table: Table) -> None:
    lease = leased(table, between_links(table), later(TAP))
    stored = commit(table, lease)
    write(table, lease, attempt=nonce())
    again = commit(table, lease, at=TAP + 5)
    assert stored is not None
    assert again == existing(table, lease) == stored._replace(attempt=again.attempt if again else "")
