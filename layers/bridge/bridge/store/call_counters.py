"""Counters of vendor calls: one item per window of time, one write before each call."""

from collections.abc import Mapping
from typing import Any

from bridge.store.conditions import ConditionNotMet, conditional_write
from bridge.store.items import to_item

# How long an item is kept after its last call, so that operators can read it.
_RETENTION_SECONDS = 3600


class CallCounters:
    """The table of the counters."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def add_one(self, window: int, limits: Mapping[str, int], *, now: float) -> bool:
        """Adds one to each counter of the window. Returns False, and changes none, if one has reached its limit.

        Args:
            window: the number of the window.
            limits: the limit of each counter by its name.
            now: in epoch seconds.

        Raises:
            StorageUnavailable: DynamoDB failed, or its response was lost.
        """
        names = {f"#{i}": name for i, name in enumerate(limits)}
        below = [f"(attribute_not_exists({name}) OR {name} < :limit{name[1:]})" for name in names]
        values = {f":limit{i}": limit for i, limit in enumerate(limits.values())}
        try:
            with conditional_write("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key=to_item({"id": str(window)}),
                    UpdateExpression=f"SET #ttl = :ttl ADD {', '.join(f'{name} :one' for name in names)}",
                    ConditionExpression=" AND ".join(below),
                    ExpressionAttributeNames={**names, "#ttl": "ttl"},
                    ExpressionAttributeValues=to_item({**values, ":one": 1, ":ttl": int(now) + _RETENTION_SECONDS}),
                )
        except ConditionNotMet:
            return False
        return True
