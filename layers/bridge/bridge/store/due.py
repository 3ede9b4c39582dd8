"""What is due, and when it is due next.

A row that cannot be read stops nobody else: it is set aside for an hour.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.verification import Verification
from bridge.observability import record_failure
from bridge.store.items import attributes, plain
from bridge.store.rows import DUE_SHARDS, UnreadableRow
from bridge.store.table import ConditionFailed, Table

# Seconds after which a row that cannot be read is tried again: the version that can may be deployed by then.
UNREADABLE = 3600


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
