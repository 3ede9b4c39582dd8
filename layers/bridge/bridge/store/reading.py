"""Reads of verifications, and of what is due.

A row that cannot be read stops nobody else: lists leave it out, and what is due of it is set aside for an hour.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bridge.aws.clients import required, translate_aws_errors
from bridge.errors import StorageUnavailable
from bridge.models import Verification
from bridge.observability import record_failure
from bridge.store.rows import DUE_SHARDS, Item, UnreadableRow, attributes, from_row, plain, reference_key
from bridge.store.table import ConditionFailed, Table, key

# Where a page of a list begins: created_at as it stands in the table, and the id.
Position = tuple[str, str]

# How often DynamoDB is asked for the rest of a batch, of which it gives as much as it can at a time.
_ROUNDS = 5

# Seconds after which a row that cannot be read is tried again: the version that can may be deployed by then.
UNREADABLE = 3600


def get(table: Table, id: str) -> Verification | None:
    with translate_aws_errors("GetItem"):
        # Without the capacity a response that was cut short looks like one that found nothing.
        response = table.client.get_item(
            TableName=table.name, Key=key(id), ConsistentRead=True, ReturnConsumedCapacity="TOTAL"
        )
    required(response, "ConsumedCapacity", "GetItem")
    return from_row(response["Item"]) if "Item" in response else None


def by_reference(
    table: Table, principal: str, reference: str, *, limit: int, after: Position | None
) -> tuple[list[Verification], Position | None]:
    """A page of a principal's verifications with that reference, newest first, and where the next page begins."""
    partition = reference_key(principal, reference)
    start = {}
    if after:
        start["ExclusiveStartKey"] = attributes({"reference_key": partition, "created_at": after[0], "id": after[1]})
    with translate_aws_errors("Query"):
        page = table.client.query(
            TableName=table.name,
            IndexName="by_reference",
            KeyConditionExpression="reference_key = :partition",
            ExpressionAttributeValues=attributes({":partition": partition}),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    items = required(page, "Items", "Query")
    last = plain(page.get("LastEvaluatedKey", {}))
    found = _get_all(table, [plain(item)["id"] for item in items])
    return found, (last["created_at"], last["id"]) if last else None


def _get_all(table: Table, ids: Sequence[str]) -> list[Verification]:
    """Those of `ids` that are there, in their order: the index may be behind the table."""
    found: dict[str, Item] = {}
    keys = [key(id) for id in ids]
    for _ in range(_ROUNDS):
        if not keys:
            break
        with translate_aws_errors("BatchGetItem"):
            response = table.client.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
        items = required(response, "Responses", "BatchGetItem").get(table.name, [])
        found |= {plain(item)["id"]: item for item in items}
        keys = response.get("UnprocessedKeys", {}).get(table.name, {}).get("Keys", [])
    if keys:
        # DynamoDB is short of capacity: who asked is the one to wait.
        raise StorageUnavailable("BatchGetItem", "UnprocessedKeys")
    return list(_readable(found[id] for id in ids if id in found))


def _readable(items: Iterable[Item]) -> Iterator[Verification]:
    for item in items:
        try:
            yield from_row(item)
        except UnreadableRow as unreadable:
            record_failure("row_unreadable", unreadable)


def due(table: Table, now: datetime, *, limit: int) -> Iterator[tuple[str, int]]:
    """What is due as (id, due_at), about `limit` at most, the longest due of each shard first."""
    for shard in range(DUE_SHARDS):
        with translate_aws_errors("Query"):
            page = table.client.query(
                TableName=table.name,
                IndexName="due",
                KeyConditionExpression="due_shard = :shard AND due_at <= :now",
                ExpressionAttributeValues=attributes({":shard": str(shard), ":now": int(now.timestamp())}),
                Limit=-(-limit // DUE_SHARDS),
            )
        for item in required(page, "Items", "Query"):
            row = plain(item)
            yield row["id"], int(row["due_at"])


def claim_due(table: Table, id: str, seen: int, *, until: int) -> bool:
    """Makes what was due at `seen` due at `until` (epoch seconds); False if another was quicker, or nothing is due.

    Raises UnreadableRow for a row that may have been claimed.
    """
    try:
        table.update(id, condition="#due_at = :seen", values={":seen": seen}, set={"due_at": until})
    except ConditionFailed:
        return False
    return True


def set_aside(table: Table, unreadable: UnreadableRow, now: datetime) -> None:
    """Reports a row that cannot be read, and makes it due an hour later if it is due at all."""
    record_failure("row_unreadable", unreadable)
    until = int(now.timestamp()) + UNREADABLE
    # Where it is written, the answer cannot be read either.
    with contextlib.suppress(ConditionFailed, UnreadableRow):
        table.update(
            unreadable.verification_id, condition="attribute_exists(#due_at)", values={}, set={"due_at": until}
        )


def clear_due(table: Table, verification: Verification) -> None:
    """Takes one that nothing can change any more out of the due ones, unless something was done about it meanwhile."""
    values = {":due_at": verification.due_at, ":status": verification.status.value}
    condition = "#due_at = :due_at AND #status = :status AND attribute_not_exists(#redacted_at)"
    with contextlib.suppress(ConditionFailed):
        table.update(verification.id, condition=condition, values=values, set={}, remove=["due_at", "due_shard"])
