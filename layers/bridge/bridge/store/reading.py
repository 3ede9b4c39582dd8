"""Reads verifications by id."""

from collections.abc import Iterable, Iterator, Sequence

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Verification
from bridge.observability import record_failure
from bridge.store.items import Item, from_item, get_item
from bridge.store.rows import UnreadableRow, from_row
from bridge.store.table import Table, key

# The most BatchGetItem calls for one page. Each may return only a part of the items.
_ROUNDS = 5


def get(table: Table, id: str) -> Verification | None:
    """The verification, by a consistent read; None if it does not exist.

    Raises StorageUnavailable, or UnreadableRow.
    """
    item = get_item(table.client, table.name, {"id": id})
    return from_row(item) if item else None


def get_all(table: Table, ids: Sequence[str]) -> list[Verification]:
    """The verifications of `ids`, in order, without unreadable rows and without ids that the table no longer has."""
    found: dict[str, Item] = {}
    keys = [key(id) for id in ids]
    for _ in range(_ROUNDS):
        if not keys:
            break
        with translate_aws_errors("BatchGetItem"):
            response = table.client.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
        items = required(response, "Responses", "BatchGetItem").get(table.name, [])
        found |= {from_item(item)["id"]: item for item in items}
        keys = response.get("UnprocessedKeys", {}).get(table.name, {}).get("Keys", [])
    if keys:
        # DynamoDB is throttling. The caller has to retry.
        raise StorageUnavailable("BatchGetItem", "UnprocessedKeys")
    return list(_readable(found[id] for id in ids if id in found))


def _readable(items: Iterable[Item]) -> Iterator[Verification]:
    for item in items:
        try:
            yield from_row(item)
        except UnreadableRow as unreadable:
            record_failure("row_unreadable", unreadable)
