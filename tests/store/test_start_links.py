"""The lease for making a start page's link, and checks of links that have ended."""

from collections.abc import Callable

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import completion, start_links
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    EXPIRES_AT,
    TOKEN,
    UNOPENED_DUE,
    URL,
    VALID_UNTIL,
    between_links,
    claimed,
    existing,
    item,
    later,
    leased,
    make_link,
    nonce,
    opened,
    rescheduled,
    reservation,
    row,
    unopened,
    update,
    write,
)
from tests.store.start_link_steps import AFTER_LEASE, FINAL, TAP, Make, commit, ended, redacted


@pytest.mark.parametrize("make", [unopened, between_links, lambda table: between_links(table, Status.PROCESSING)])
def test_a_lease_changes_only_its_own_attributes(table: Table, make: Make) -> None:
    made = make(table)
    lease = start_links.lease(table, made, "tap", later(TAP))
    assert lease == made._replace(attempt="tap", lease_until=EPOCH + TAP + schedule.LEASE_SECONDS)
    assert lease == existing(table, made)
    assert "advanced" not in row(table, made)


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize(("seconds", "is_allowed"), [(0, False), (schedule.LEASE_SECONDS, False), (AFTER_LEASE, True)])
def test_one_request_holds_the_lease_for_half_a_minute(
    table: Table, make: Make, seconds: int, is_allowed: bool
) -> None:
    lease = leased(table, make(table), later(TAP))
    second = start_links.lease(table, lease, nonce(), later(TAP + seconds))
    assert (second is not None) is is_allowed
    assert existing(table, lease) == (second or lease)


@pytest.mark.parametrize("make", [unopened, between_links])
@pytest.mark.parametrize("end", [redacted, *map(ended, FINAL)])
def test_a_final_or_redacted_verification_is_not_leased(
    table: Table, make: Make, end: Callable[[Table, Verification], None]
) -> None:
    made = make(table)
    end(table, made)
    before = item(table, made.id)
    assert start_links.lease(table, made, nonce(), later(TAP)) is None
    assert item(table, made.id) == before


def test_no_lease_is_given_while_a_link_has_not_ended(table: Table) -> None:
    unopened_before = unopened(table)
    first = make_link(table, unopened_before, later(2))
    ended_before = first._replace(link_outcome="abandoned")
    for outdated in (unopened_before, first, ended_before):
        assert start_links.lease(table, outdated, nonce(), later(TAP)) is None
    assert existing(table, first) == first


def test_a_lease_for_a_link_that_was_replaced_is_refused(table: Table) -> None:
    between = between_links(table)
    second = make_link(table, between, later(1002), "5LL")
    write(table, second, link_outcome="abandoned")
    assert start_links.lease(table, between, nonce(), later(TAP)) is None
    assert start_links.lease(table, second, nonce(), later(TAP)) is not None


def test_a_lease_whose_response_was_lost_is_returned_to_the_same_attempt(table: Table) -> None:
    made = unopened(table)
    first = start_links.lease(table, made, "tap", later(TAP))
    assert start_links.lease(table, made, "tap", later(TAP)) == first
    redacted(table, made)
    assert start_links.lease(table, made, "tap", later(TAP)) is None


def test_an_unknown_id_is_neither_leased_nor_given_a_link(table: Table) -> None:
    unknown = reservation(valid_until=VALID_UNTIL)
    assert start_links.lease(table, unknown, nonce(), later(TAP)) is None
    assert commit(table, unknown) is None
    start_links.release(table, unknown)
    assert not start_links.expire_without_link(table, unknown.id, later(8 * 86400))
    assert item(table, unknown.id) == {}


def test_a_released_lease_can_be_taken_at_once(table: Table) -> None:
    made = between_links(table)
    lease = leased(table, made, later(TAP))
    start_links.release(table, lease._replace(attempt="another"))
    assert existing(table, made) == lease
    start_links.release(table, lease)
    start_links.release(table, lease)
    assert existing(table, made) == lease._replace(lease_until=None)
    assert start_links.lease(table, made, nonce(), later(TAP)) is not None


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_link_that_ends_unfinished_leaves_the_verification_open(table: Table, status: Status) -> None:
    made = opened(table)
    after = between_links(table, status)
    assert (after.status, after.link_outcome, after.url) == (status, "abandoned", None)
    assert (after.token, after.due_at, after.expires_at) == (TOKEN, UNOPENED_DUE, made.expires_at)
    assert "ttl" not in row(table, after)
    # A check without an outcome of the link keeps the stored one.
    again = rescheduled(table, claimed(table, after, later(TAP)))
    assert again.link_outcome == "abandoned"


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.PENDING])
def test_a_check_of_an_earlier_link_changes_the_verification_only_to_verified(table: Table, status: Status) -> None:
    began = claimed(table, between_links(table), later(TAP))
    current = make_link(table, began, later(TAP + 1), "5LL")
    before = item(table, current.id)
    after = completion.advance(table, began, update(status, link_outcome=None), later(TAP + 2))
    assert after == existing(table, current)
    assert (after.status, after.token) == (status if status is Status.VERIFIED else Status.PENDING, "5LL")
    if status is not Status.VERIFIED:
        assert item(table, current.id) == before


def test_a_check_of_an_earlier_link_does_not_reschedule_the_current_one(table: Table) -> None:
    began = claimed(table, between_links(table), later(TAP))
    current = make_link(table, began, later(TAP + 1), "5LL")
    after = completion.reschedule(
        table, began, due_at=EPOCH, expires_at=EXPIRES_AT, now=later(TAP + 2), link_outcome="abandoned"
    )
    assert after == current == existing(table, current)
    assert (current.url, current.link_outcome) == (URL, None)
