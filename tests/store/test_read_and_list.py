"""Reads of one verification, and of a principal's verifications with a reference."""

from typing import Any

import pytest

from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Position, Status, Verification
from bridge.store import reading
from bridge.store.items import to_item
from bridge.store.table import Table
from tests.store.factories import (
    existing,
    failed_reservation,
    in_status,
    item,
    later,
    pending,
    redacted,
    reservation,
    reserved,
    write,
)


def pages(table: Table, limit: int, *, principal: str = "shop", reference: str = "order-1") -> list[list[Verification]]:
    """All pages of a list, as one reads who follows the position that each gives."""
    read: list[list[Verification]] = []
    after: Position | None = None
    while not read or after:
        page, after = reading.by_reference(table, principal, reference, limit=limit, after=after)
        read.append(page)
    return read


def made_at(table: Table, *seconds: float) -> list[Verification]:
    return [pending(table, created_at=later(second)) for second in seconds]


def test_nothing_is_read_of_an_unknown_id(table: Table) -> None:
    assert reading.get(table, reservation().id) is None


def test_a_list_has_the_newest_first(table: Table) -> None:
    old, new, middle = made_at(table, 0, 60, 0.001)
    assert pages(table, 10) == [[new, middle, old]]


def test_a_list_leaves_out_what_cannot_be_read(table: Table) -> None:
    old, unreadable, new = made_at(table, 0, 1, 2)
    write(table, unreadable, status="archived")
    assert pages(table, 10) == [[new, old]]
    assert [found.id for page in pages(table, 1) for found in page] == [new.id, old.id]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_together_have_each_once_in_order(table: Table, limit: int) -> None:
    made = made_at(table, *range(5))
    read = pages(table, limit)
    assert [found for page in read for found in page] == made[::-1]
    assert all(len(page) <= limit for page in read)


def test_those_of_one_moment_are_on_some_page_each(table: Table) -> None:
    made = made_at(table, 0, 0, 0)
    read = [found.id for page in pages(table, 1) for found in page]
    assert sorted(read) == sorted(found.id for found in made)


def test_a_verification_created_while_paging_shifts_no_page(table: Table) -> None:
    old, middle, _ = made_at(table, 0, 1, 2)
    _, position = reading.by_reference(table, "shop", "order-1", limit=1, after=None)
    made_at(table, 3)
    assert reading.by_reference(table, "shop", "order-1", limit=2, after=position)[0] == [middle, old]


def test_a_list_has_what_is_shown_and_nothing_of_others(table: Table) -> None:
    mine = pending(table)
    pending(table, principal="another")
    pending(table, reference="order-2")
    pending(table, reference=None)
    reserved(table)
    redacted(table)
    assert pages(table, 10) == [[mine]]


def test_a_list_has_a_failed_create_because_a_read_shows_it_too(table: Table) -> None:
    failed = failed_reservation(table)
    assert pages(table, 10) == [[failed]]


def test_a_list_has_every_status_as_it_stands(table: Table) -> None:
    made = [in_status(table, status) for status in Status]
    assert {(found.id, found.status) for found in pages(table, 10)[0]} == {(each.id, each.status) for each in made}


class Throttled:
    """DynamoDB that gives one item of a batch at a time, and none at all at first."""

    def __init__(self, table: Table, ids: list[str]) -> None:
        self._items = {id: item(table, id) for id in ids}
        self.asked: list[int] = []

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": [to_item({"id": id}) for id in self._items]}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((name, wanted),) = RequestItems.items()
        assert wanted["ConsistentRead"]
        self.asked.append(len(wanted["Keys"]))
        if len(self.asked) == 1:
            return {"Responses": {}, "UnprocessedKeys": {name: wanted}}
        *rest, last = wanted["Keys"]
        found = [each for each in [self._items[last["id"]["S"]]] if each]
        return {
            "Responses": {name: found},
            "UnprocessedKeys": {name: wanted | {"Keys": rest}} if rest else {},
        }


def test_keys_that_a_batch_left_unprocessed_are_asked_for_again(table: Table) -> None:
    made = made_at(table, 2, 1, 0)
    throttled = Throttled(table, [found.id for found in made])
    read, _ = reading.by_reference(Table(throttled, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert read == made
    assert throttled.asked == [3, 3, 2, 1]


def test_a_table_that_gives_nothing_of_a_batch_is_not_asked_for_ever(table: Table) -> None:
    class Exhausted(Throttled):
        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
            self.asked.append(1)
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    exhausted = Exhausted(table, [pending(table).id])
    with pytest.raises(StorageUnavailable):
        reading.by_reference(Table(exhausted, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert len(exhausted.asked) == 5


def test_one_that_is_in_the_index_and_not_in_the_table_any_more_is_passed_over(table: Table) -> None:
    kept = pending(table)
    throttled = Throttled(table, [reservation().id, kept.id])
    read, _ = reading.by_reference(Table(throttled, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert read == [existing(table, kept)]
