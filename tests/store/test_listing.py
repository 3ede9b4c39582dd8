"""Lists of a principal's verifications by time of creation and status."""

from datetime import datetime, timedelta

import pytest

from bridge.domain.verification import Position, Status, Verification, timestamp
from bridge.store import listing
from bridge.store.listing import MAX_DAYS, Selection
from bridge.store.table import Table
from tests.store.factories import NOW, in_status, later, pending, redacted, write

DAY = 86400


def created_at(table: Table, *seconds: float, principal: str = "shop") -> list[Verification]:
    return [pending(table, created_at=later(second), principal=principal) for second in seconds]


def pages(
    table: Table, start: datetime, end: datetime, *, limit: int = 10, status: Status | None = None
) -> list[list[str]]:
    """Returns the ids of all pages. Each page begins at the position that the one before returned."""
    read: list[list[str]] = []
    after: Position | None = None
    while not read or after:
        page, after = listing.by_created(table, "shop", Selection(start, end, status), limit=limit, after=after)
        read.append([each.id for each in page])
    return read


def ids(verifications: list[Verification]) -> list[str]:
    return [each.id for each in verifications]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_over_several_days_have_each_verification_once_newest_first(table: Table, limit: int) -> None:
    made = created_at(table, -2 * DAY, -DAY, -DAY + 1, 0, 0.001)
    created_at(table, -DAY, 1, principal="mobile")
    read = pages(table, later(-3 * DAY), later(60), limit=limit)
    assert [id for page in read for id in page] == ids(made)[::-1]
    assert all(len(page) <= limit for page in read)


def test_verifications_of_the_same_millisecond_are_listed_once_each(table: Table) -> None:
    made = created_at(table, 0, 0, 0, 0)
    read = pages(table, later(-1), later(1), limit=1)
    assert sorted(id for page in read for id in page) == sorted(ids(made))


def test_the_start_is_included_and_the_end_is_not(table: Table) -> None:
    first, second, _ = created_at(table, 0, 1, 2)
    assert pages(table, later(0), later(2)) == [[second.id, first.id]]
    assert pages(table, later(5), later(5.001)) == [[]]


@pytest.mark.parametrize(("at", "listed"), [(3, [1, 0]), (1.5, [1, 0]), (1, [0]), (0, []), (-1, [])])
def test_a_page_begins_after_its_position_even_outside_the_span(table: Table, at: float, listed: list[int]) -> None:
    """A list without given times ends at the current time. So a position may be outside the span of a later page."""
    made = {float(second): pending(table, created_at=later(second)) for second in (-0.5, 0, 1, 2)}
    position = (timestamp(later(at)), made[at].id if at in made else "ver_" + "a" * 26)
    page, after = listing.by_created(table, "shop", Selection(later(0), later(2)), limit=10, after=position)
    assert (ids(page), after) == ([made[second].id for second in listed], None)


def test_a_list_by_status_has_only_verifications_now_in_that_status(table: Table) -> None:
    verified, rejected = in_status(table, Status.VERIFIED), in_status(table, Status.REJECTED)
    open_verification = in_status(table, Status.PENDING)
    span = (later(-60), later(60))
    assert pages(table, *span, status=Status.VERIFIED) == [[verified.id]]
    assert pages(table, *span, status=Status.REJECTED) == [[rejected.id]]
    assert pages(table, *span, status=Status.PENDING) == [[open_verification.id]]
    assert pages(table, *span, status=Status.FAILED) == [[]]


def test_tombstones_are_listed_and_unreadable_rows_are_skipped(table: Table) -> None:
    tombstone, (unreadable,) = redacted(table), created_at(table, 1)
    write(table, unreadable, status="archived")
    assert pages(table, later(-60), later(60)) == [[tombstone.id]]


def test_a_page_reads_at_most_a_month_and_the_next_continues(table: Table) -> None:
    old, new = created_at(table, -(MAX_DAYS + 5) * DAY, 0)
    assert pages(table, later(-100 * DAY), later(60)) == [[new.id], [old.id], [], []]


def test_the_day_that_is_one_too_many_for_a_page_is_on_the_next(table: Table) -> None:
    old, new = created_at(table, -MAX_DAYS * DAY, 0)
    assert pages(table, later(-MAX_DAYS * DAY), later(60)) == [[new.id], [old.id]]


@pytest.mark.parametrize(("max_entries", "count"), [(1, 6), (4, 3), (6, 2)])
def test_a_page_reads_a_bounded_number_of_entries_and_the_next_continues(
    table: Table, monkeypatch: pytest.MonkeyPatch, max_entries: int, count: int
) -> None:
    monkeypatch.setattr(listing, "MAX_ENTRIES", max_entries)
    monkeypatch.setattr(listing, "_BATCH", 2)
    made = created_at(table, -DAY, *range(7))
    for each in (made[0], made[2]):
        write(table, each, status="verified")
    span = (later(-2 * DAY), later(60))
    found = pages(table, *span, status=Status.VERIFIED)
    assert [id for page in found for id in page] == ids([made[2], made[0]])
    assert len(found) == count
    assert [id for page in pages(table, *span) for id in page] == ids(made)[::-1]
    # The list of a replay has no pages.
    assert sorted(ids(list(listing.created_between(table, *span)))) == sorted(ids(made))


def test_a_replay_finds_the_verifications_of_all_principals_in_a_span(table: Table) -> None:
    made = created_at(table, -DAY, 0) + created_at(table, -DAY, 0, principal="mobile")
    outside = created_at(table, -DAY - 1, 1)
    found = list(listing.created_between(table, NOW - timedelta(days=1), later(0.5)))
    assert sorted(ids(found)) == sorted(ids(made))
    assert not {each.id for each in outside} & set(ids(found))
