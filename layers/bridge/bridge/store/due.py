"""Due verifications. An unreadable row is set aside for an hour, so that it does not block others."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.verification import Verification
from bridge.observability import record_failure
from bridge.store.index_keys import DUE_SHARDS, due_attributes
from bridge.store.items import from_item, to_item
from bridge.store.rows import UnreadableRow
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table

# Seconds until an unreadable row is due again. By then a version that can read it may be deployed.
SET_ASIDE_SECONDS = 3600


def find_due(table: Table, now: datetime, *, limit: int) -> Iterator[tuple[str, int]]:
    """Due verifications as (id, due_at), oldest first within each shard. Returns about `limit` at most."""
    for shard in range(DUE_SHARDS):
        with translate_aws_errors("Query"):
            page = table.client.query(
                TableName=table.name,
                IndexName="due",
                KeyConditionExpression="due_shard = :shard AND due_at <= :now",
                ExpressionAttributeValues=to_item({":shard": str(shard), ":now": int(now.timestamp())}),
                Limit=-(-limit // DUE_SHARDS),
            )
        for item in required(page, "Items", "Query"):
            row = from_item(item)
            yield row["id"], int(row["due_at"])


def claim_due(table: Table, id: str, seen: int, *, until: int) -> bool:
    """Moves the due time from `seen` to `until` (epoch seconds). Returns False if it is no longer `seen`.

    Raises UnreadableRow if the row cannot be read. It may have been claimed.
    """
    try:
        table.update(id, condition="#due_at = :seen", values={":seen": seen}, set={"due_at": until})
    except ConditionFailed:
        return False
    return True


def set_aside(table: Table, unreadable: UnreadableRow, now: datetime) -> None:
    """Reports an unreadable row. If it is due, it becomes due again an hour later."""
    record_failure("row_unreadable", unreadable)
    until = int(now.timestamp()) + SET_ASIDE_SECONDS
    # The response to a successful write contains the unreadable row again.
    with contextlib.suppress(ConditionFailed, UnreadableRow):
        table.update(
            unreadable.verification_id, condition="attribute_exists(#due_at)", values={}, set={"due_at": until}
        )


def clear_due(table: Table, verification: Verification) -> None:
    """Removes the due time of a verification that can no longer change. Has no effect if it has changed."""
    values = {":due_at": verification.due_at, ":status": verification.status.value}
    condition = f"{NOT_REDACTED} AND #due_at = :due_at AND #status = :status"
    with contextlib.suppress(ConditionFailed):
        table.update(verification.id, condition=condition, values=values, set=due_attributes(verification.id, None))
