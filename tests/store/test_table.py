"""The calls of DynamoDB: conditions, updates and translated errors."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import HistoryEntry, Status
from bridge.store import due, listing, reading
from bridge.store.items import from_item
from bridge.store.rows import to_row
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import UNKNOWN, existing, item, later, pending, reservation, reserved, row, write

NEVER = "#principal = :nobody"
NOBODY = {":nobody": "nobody"}


def test_a_refused_put_has_the_existing_record(table: Table) -> None:
    made = reserved(table)
    with pytest.raises(ConditionFailed) as raised:
        table.put(to_row(made._replace(principal="another")), condition=NEVER, values=NOBODY)
    assert raised.value.existing == made
    assert existing(table, made) == made


def test_a_refused_update_has_the_existing_record(table: Table) -> None:
    made = pending(table)
    with pytest.raises(ConditionFailed) as raised:
        table.update(made.id, set={"token": "5LL"}, condition=NEVER, values=NOBODY)
    assert raised.value.existing == made
    assert existing(table, made) == made


def test_a_refused_write_without_an_existing_record_has_none(table: Table) -> None:
    made = reservation()
    with pytest.raises(ConditionFailed) as put:
        table.put(to_row(made), condition=NEVER, values=NOBODY)
    with pytest.raises(ConditionFailed) as updated:
        table.update(made.id, set={"token": "5LL"}, condition=NEVER, values=NOBODY)
    with pytest.raises(ConditionFailed) as deleted:
        table.delete(made.id, condition=NEVER, values=NOBODY)
    assert put.value.existing is updated.value.existing is deleted.value.existing is None
    assert item(table, made.id) == {}


def test_an_update_sets_removes_and_increments_and_keeps_the_rest(table: Table) -> None:
    made = pending(table)
    write(table, made, **UNKNOWN)
    before = from_item(item(table, made.id))
    updated = table.update(
        made.id,
        condition="#sequence = :current",
        values={":current": 1},
        set={"url": "https://elsewhere.example", "token": None, "unknown": None},
        increment=["sequence"],
    )
    assert updated == made._replace(url="https://elsewhere.example", token=None, sequence=2)
    del before["token"], before["advanced"]
    assert from_item(item(table, made.id)) == before | {"url": "https://elsewhere.example", "sequence": 2}


def test_attributes_may_have_reserved_words_as_names(table: Table) -> None:
    made = pending(table)
    reserved_words = {"status": "failed", "type": "01", "ttl": 1, "result": "{}", "code": "c", "url": "u", "token": "t"}
    written = table.update(made.id, condition="attribute_exists(#id)", values={}, set=reserved_words)
    assert (written.status, written.code) == ("failed", "c")
    assert reserved_words.items() <= from_item(item(table, made.id)).items()


def test_an_advance_appends_to_the_history_and_sets_its_mark(table: Table) -> None:
    made = pending(table)
    entry = HistoryEntry(Status.REJECTED, later(3), "document_copied", "0a1b" * 16)
    always: Any = {"condition": "#id = :id", "values": {":id": made.id}}
    advanced = table.update(made.id, **always, set={"status": "rejected"}, advance=entry)
    assert (advanced.sequence, advanced.history) == (2, (HistoryEntry(Status.PENDING, later(1)), entry))
    assert row(table, made)["advanced"]
    after = table.update(made.id, **always, set={"failures": 1})
    assert after.history == advanced.history
    assert "advanced" not in row(table, made)


def test_an_error_of_dynamodb_has_its_code_and_not_its_message(table: Table) -> None:
    missing_table = Table(table.client, "no-such-table", table.retention_seconds)
    made = reservation()
    with pytest.raises(StorageUnavailable) as failed:
        missing_table.put(to_row(made), condition="attribute_not_exists(#id)", values={})
    assert (failed.value.operation, failed.value.code) == ("PutItem", "ResourceNotFoundException")
    with pytest.raises(StorageUnavailable):
        reading.get(missing_table, made.id)
    with pytest.raises(StorageUnavailable):
        list(due.find_due(missing_table, later(0), limit=9))
    with pytest.raises(StorageUnavailable):
        listing.by_reference(missing_table, "shop", "order-1", limit=9, after=None)


def test_a_lost_response_raises_even_if_the_write_succeeded(table: Table) -> None:
    made = reservation()

    def lose(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://nowhere.example")

    table.client.meta.events.register("after-call.dynamodb.PutItem", lose)
    with pytest.raises(StorageUnavailable) as failed:
        table.put(to_row(made), condition="attribute_not_exists(#id)", values={})
    table.client.meta.events.unregister("after-call.dynamodb.PutItem", lose)
    assert failed.value.code == "ReadTimeoutError"
    assert existing(table, made) == made
