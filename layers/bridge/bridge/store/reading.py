"""Reads verifications by id and by reference. Lists leave out unreadable rows."""

from collections.abc import Iterable, Iterator, Sequence

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Position, Verification
from bridge.observability import record_failure
from bridge.store.index_keys import reference_key
from bridge.store.items import Item, from_item, get_item, to_item
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


def by_reference(
    table: Table, principal: str, reference: str, *, limit: int, after: Position | None
) -> tuple[list[Verification], Position | None]:
    """A page of a principal's verifications with this reference, newest first, and the start of the next page."""
    partition = reference_key(principal, reference)
    start = {}
    if after:
        start["ExclusiveStartKey"] = to_item({"reference_key": partition, "created_at": after[0], "id": after[1]})
    with translate_aws_errors("Query"):
        page = table.client.query(
            TableName=table.name,
            IndexName="by_reference",
            KeyConditionExpression="reference_key = :partition",
            ExpressionAttributeValues=to_item({":partition": partition}),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    items = required(page, "Items", "Query")
    last = from_item(page.get("LastEvaluatedKey", {}))
    found = get_all(table, [from_item(item)["id"] for item in items])
    return found, (last["created_at"], last["id"]) if last else None


def get_all(table: Table, ids: Sequence[str]) -> list[Verification]:
    """The existing verifications of `ids`, in order. The index may contain ids that the table no longer has."""
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
