"""The write request units of DynamoDB for changes of the verifications table."""

import math

from tests.simulation.dynamodb import Change, Index
from tests.simulation.expressions import Item
from tests.simulation.items import size


def units(change: Change) -> int:
    """Returns the units of one change: each started KB of the item, and each added, removed or moved index entry."""
    return _kilobytes(change.before, change.after) + sum(_index_units(index, change) for index in _indexes())


def _index_units(index: Index, change: Change) -> int:
    before, after = index.entry(change.before), index.entry(change.after)
    if before == after:
        return 0
    if before and after and all(before[name] == after[name] for name in (index.partition, index.sort)):
        # Only a projected attribute changed.
        return 1
    return (before is not None) + (after is not None)


def _indexes() -> list[Index]:
    return [
        Index("due_shard", "due_at"),
        Index("reference_key", "created_at"),
        Index("created_day", "owner_created", ("status",)),
    ]


def _kilobytes(*items: Item | None) -> int:
    return max(math.ceil(size(item) / 1024) for item in items if item is not None)
