"""Lease → vendor → commit of the links that a start page makes, and what happens if nobody opens it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.verification import EndedLink, HistoryEntry, Status, Verification, timestamp
from bridge.store import completion, creation, redaction, returns, start_links
from bridge.store.rows import reference_key
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import (
    EPOCH,
    EXPIRES_AT,
    REASONS,
    TOKEN,
    UNKNOWN,
    UNOPENED_DUE,
    URL,
    VALID_UNTIL,
    between_links,
    claimed,
    existing,
    failed_check,
    finding,
    index,
    item,
    later,
    leased,
    nonce,
    open_link,
    opened,
    reopened,
    rescheduled,
    reservation,
    reserved,
    row,
    unopened,
    write,
)

Make = Callable[[Table], Verification]
AFTER_LEASE = schedule.LEASE_SECONDS + 1
# When the tests take a lease, after whatever happened before.
TAP = 2000
FINAL = [status for status in Status if status.is_final]


def redacted(table: Table, made: Verification) -> None:
    assert redaction.redact(table, made, due_at=EPOCH, now=later(TAP))


def ended(status: Status) -> Callable[[Table, Verification], None]:
    def end(table: Table, made: Verification) -> None:
        write(table, made, status=status.value, reason_code=REASONS.get(status, "none"))

    return end


def commit(table: Table, lease: Verification, *, token: str = "5LL", at: float = TAP + 1) -> Verification | None:
    expires_at = later(at + 900)
    return start_links.commit(
        table, lease, url="https://new.example", token=token, now=later(at), expires_at=expires_at
    )


@pytest.mark.parametrize("make", [unopened, between_links, lambda table: between_links(table, Status.PROCESSING)])
def test_a_lease_is_all_that_a_lease_changes(table: Table, make: Make) -> None:
    made = make(table)
    lease = start_links.lease(table, made, "tap", later(TAP))
    assert lease == dataclasses.replace(made, attempt="tap", lease_until=EPOCH + TAP + schedule.LEASE_SECONDS)
    assert lease == existing(table, made)
    assert "advanced" not in row(table, made)


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize(("seconds", "may"), [(0, False), (schedule.LEASE_SECONDS, False), (AFTER_LEASE, True)])
def test_a_lease_is_one_requests_for_half_a_minute(table: Table, make: Make, seconds: int, may: bool) -> None:
    lease = leased(table, make(table), later(TAP))
    second = start_links.lease(table, lease, nonce(), later(TAP + seconds))
    assert (second is not None) is may
    assert existing(table, lease) == (second or lease)


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize("happens", [redacted, *map(ended, FINAL)])
def test_nothing_is_leased_once_it_has_ended(
    table: Table, make: Make, happens: Callable[[Table, Verification], None]
) -> None:
    made = make(table)
    happens(table, made)
    before = item(table, made.id)
    assert start_links.lease(table, made, nonce(), later(TAP)) is None
    assert item(table, made.id) == before


def test_no_link_is_leased_beside_one_that_has_not_ended(table: Table) -> None:
    unopened_before = unopened(table)
    first = open_link(table, unopened_before, later(2))
    ended_before = dataclasses.replace(first, link_outcome="abandoned")
    for seen in (unopened_before, first, ended_before):
        assert start_links.lease(table, seen, nonce(), later(TAP)) is None
    assert existing(table, first) == first


def test_a_lease_for_a_link_that_was_replaced_is_refused(table: Table) -> None:
    ended_first = between_links(table)
    second = open_link(table, ended_first, later(1002), "5LL")
    write(table, second, link_outcome="abandoned")
    assert start_links.lease(table, ended_first, nonce(), later(TAP)) is None
    assert start_links.lease(table, second, nonce(), later(TAP)) is not None


def test_a_lease_whose_response_was_lost_is_known_by_its_attempt(table: Table) -> None:
    made = unopened(table)
    first = start_links.lease(table, made, "tap", later(TAP))
    assert start_links.lease(table, made, "tap", later(TAP)) == first
    redacted(table, made)
    assert start_links.lease(table, made, "tap", later(TAP)) is None


def test_what_is_not_there_is_neither_leased_nor_given_a_link(table: Table) -> None:
    gone = reservation(valid_until=VALID_UNTIL)
    assert start_links.lease(table, gone, nonce(), later(TAP)) is None
    assert commit(table, gone) is None
    start_links.release(table, gone)
    assert not start_links.expire_unopened(table, gone.id, later(8 * 86400))
    assert item(table, gone.id) == {}


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
    returns.claim_on_return(table, first.id, nonce(), later(400), first.code)
    failed_check(table, claimed(table, first, later(900)), failures=2)
    checked = claimed(table, first, later(1000))
    completion.reschedule(
        table,
        checked,
        due_at=UNOPENED_DUE,
        expires_at=later(902),
        now=later(1001),
        failures=2,
        reason_code="inconsistent_result",
        link_outcome="abandoned",
    )
    before = existing(table, made)
    assert all((before.returned_at, before.claimed_at, before.claimed_by, before.checks, before.failures))
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
    assert left.keys().isdisjoint({"contact_started_at", "lease_until", "failures", "reason_code", "link_outcome"})
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


def test_a_released_lease_may_be_taken_at_once(table: Table) -> None:
    made = between_links(table)
    lease = leased(table, made, later(TAP))
    start_links.release(table, dataclasses.replace(lease, attempt="another"))
    assert existing(table, made) == lease
    start_links.release(table, lease)
    start_links.release(table, lease)
    assert existing(table, made) == dataclasses.replace(lease, lease_until=None)
    assert start_links.lease(table, made, nonce(), later(TAP)) is not None


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


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_link_that_ends_unfinished_leaves_a_verification_open_without_url(table: Table, status: Status) -> None:
    made = opened(table)
    after = between_links(table, status)
    assert (after.status, after.link_outcome, after.url) == (status, "abandoned", None)
    assert (after.token, after.due_at, after.expires_at) == (TOKEN, UNOPENED_DUE, made.expires_at)
    assert "ttl" not in row(table, after)
    # A check that says nothing of the link keeps its outcome.
    again = rescheduled(table, claimed(table, after, later(TAP)))
    assert again.link_outcome == "abandoned"


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.PENDING])
def test_a_check_of_an_earlier_link_changes_the_current_one_only_by_a_proof(table: Table, status: Status) -> None:
    began = claimed(table, between_links(table), later(TAP))
    current = open_link(table, began, later(TAP + 1), "5LL")
    before = item(table, current.id)
    after = completion.advance(table, began, finding(status, link_outcome=None), later(TAP + 2))
    assert after == existing(table, current)
    assert (after.status, after.token) == (status if status is Status.VERIFIED else Status.PENDING, "5LL")
    if status is not Status.VERIFIED:
        assert item(table, current.id) == before


def test_a_check_of_an_earlier_link_plans_nothing_for_the_current_one(table: Table) -> None:
    began = claimed(table, between_links(table), later(TAP))
    current = open_link(table, began, later(TAP + 1), "5LL")
    after = completion.reschedule(
        table, began, due_at=EPOCH, expires_at=EXPIRES_AT, now=later(TAP + 2), link_outcome="abandoned"
    )
    assert after == current == existing(table, current)
    assert (current.url, current.link_outcome) == (URL, None)
