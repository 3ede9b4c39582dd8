"""The lease on the making of a start page's link, and checks of a link that has ended beside it."""

import dataclasses
from collections.abc import Callable

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import completion, redaction, start_links
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    EXPIRES_AT,
    REASONS,
    TOKEN,
    UNOPENED_DUE,
    URL,
    VALID_UNTIL,
    between_links,
    claimed,
    existing,
    finding,
    item,
    later,
    leased,
    nonce,
    open_link,
    opened,
    rescheduled,
    reservation,
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


def test_a_released_lease_may_be_taken_at_once(table: Table) -> None:
    made = between_links(table)
    lease = leased(table, made, later(TAP))
    start_links.release(table, dataclasses.replace(lease, attempt="another"))
    assert existing(table, made) == lease
    start_links.release(table, lease)
    start_links.release(table, lease)
    assert existing(table, made) == dataclasses.replace(lease, lease_until=None)
    assert start_links.lease(table, made, nonce(), later(TAP)) is not None


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
