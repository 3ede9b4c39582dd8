"""Reads of one verification, and lists of a principal's verifications with a reference."""

from typing import Any

import pytest

from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Position, Status, Verification
from bridge.store import listing, reading
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
    """Returns all pages of a list. Each page begins at the position that the one before returned."""
    read: list[list[Verification]] = []
    after: Position | None = None
    while not read or after:
        page, after = listing.by_reference(table, principal, reference, limit=limit, after=after)
        read.append(page)
    return read


def created_at(table: Table, *seconds: float) -> list[Verification]:
    return [pending(table, created_at=later(second)) for second in seconds]


def test_an_unknown_id_reads_as_none(table: Table) -> None:
    assert reading.get(table, reservation().id) is None


def test_a_list_has_the_newest_first(table: Table) -> None:
    old, new, middle = created_at(table, 0, 60, 0.001)
    assert pages(table, 10) == [[new, middle, old]]


def test_a_list_skips_unreadable_rows(table: Table) -> None:
    old, unreadable, new = created_at(table, 0, 1, 2)
    write(table, unreadable, status="archived")
    assert pages(table, 10) == [[new, old]]
    assert [found.id for page in pages(table, 1) for found in page] == [new.id, old.id]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_the_pages_have_each_verification_once_in_order(table: Table, limit: int) -> None:
    made = created_at(table, *range(5))
    read = pages(table, limit)
    assert [found for page in read for found in page] == made[::-1]
    assert all(len(page) <= limit for page in read)


def test_verifications_created_at_the_same_time_are_all_listed(table: Table) -> None:
    made = created_at(table, 0, 0, 0)
    read = [found.id for page in pages(table, 1) for found in page]
    assert sorted(read) == sorted(found.id for found in made)


def test_a_verification_created_while_paging_shifts_no_page(table: Table) -> None:
    old, middle, _ = created_at(table, 0, 1, 2)
    _, position = listing.by_reference(table, "shop", "order-1", limit=1, after=None)
    created_at(table, 3)
    assert listing.by_reference(table, "shop", "order-1", limit=2, after=position)[0] == [middle, old]


def test_a_list_has_no_reservations_tombstones_or_others_verifications(table: Table) -> None:
    mine = pending(table)
    pending(table, principal="another")
    pending(table, reference="order-2")
    pending(table, reference=None)
    reserved(table)
    redacted(table)
    assert pages(table, 10) == [[mine]]


def test_a_list_has_failed_reservations_as_reads_do(table: Table) -> None:
    failed = failed_reservation(table)
    assert pages(table, 10) == [[failed]]


def test_a_list_has_verifications_in_every_status(table: Table) -> None:
    made = [in_status(table, status) for status in Status]
    assert {(found.id, found.status) for found in pages(table, 10)[0]} == {(each.id, each.status) for each in made}


class Throttled:
    """A DynamoDB that returns no item of a batch at first, and then one at a time."""

    def __init__(self, table: Table, ids: list[str]) -> None:
        self._items = {id: item(table, id) for id in ids}
        self.batch_sizes: list[int] = []

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": [to_item({"id": id}) for id in self._items]}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((name, request),) = RequestItems.items()
        assert request["ConsistentRead"]
        self.batch_sizes.append(len(request["Keys"]))
        if len(self.batch_sizes) == 1:
            return {"Responses": {}, "UnprocessedKeys": {name: request}}
        *rest, last = request["Keys"]
        found = [each for each in [self._items[last["id"]["S"]]] if each]
        return {"Responses": {name: found}, "UnprocessedKeys": {name: request | {"Keys": rest}} if rest else {}}


def test_unprocessed_keys_of_a_batch_are_requested_again(table: Table) -> None:
    made = created_at(table, 2, 1, 0)
    throttled = Throttled(table, [found.id for found in made])
    read, _ = listing.by_reference(Table(throttled, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert read == made
    assert throttled.batch_sizes == [3, 3, 2, 1]


def test_a_batch_that_stays_unprocessed_raises_after_five_attempts(table: Table) -> None:
    class Exhausted(Throttled):
        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
            self.batch_sizes.append(1)
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    exhausted = Exhausted(table, [pending(table).id])
    with pytest.raises(StorageUnavailable):
        listing.by_reference(Table(exhausted, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert len(exhausted.batch_sizes) == 5


def test_an_index_entry_without_its_item_is_skipped(table: Table) -> None:
    stored = pending(table)
    throttled = Throttled(table, [reservation().id, stored.id])
    read, _ = listing.by_reference(Table(throttled, table.name, 1), "shop", "order-1", limit=3, after=None)
    assert read == [existing(table, stored)]
