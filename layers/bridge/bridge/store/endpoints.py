"""The endpoints that are switched off. One that responds 410 (gone) stays off until an operator switches it on."""

import contextlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bridge.aws.clients import translate_aws_errors
from bridge.domain.verification import timestamp
from bridge.store.conditions import ConditionNotMet, conditional_write
from bridge.store.items import get_item, to_item

# Seconds for which a process remembers whether an endpoint is off.
MAX_AGE = 30.0


class EndpointSwitches:
    """The table of the switches. `clock` is monotonic, in seconds."""

    def __init__(self, client: Any, table: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        # By name: whether the endpoint is off, and until when a process remembers that.
        self._known: dict[str, tuple[bool, float]] = {}

    def disable(self, name: str, reason: str, now: datetime) -> None:
        """Switches the endpoint off. If it is off already, its time and reason stay."""
        item = {"name": name, "disabled_at": timestamp(now), "reason": reason}
        with contextlib.suppress(ConditionNotMet), conditional_write("PutItem"):
            self._client.put_item(
                TableName=self._table,
                Item=to_item(item),
                ConditionExpression="attribute_not_exists(#name)",
                ExpressionAttributeNames={"#name": "name"},
            )
        self._remember(name, is_disabled=True)

    def enable(self, name: str) -> None:
        """Switches the endpoint on. Processes that remember it as off see that within MAX_AGE."""
        with translate_aws_errors("DeleteItem"):
            self._client.delete_item(TableName=self._table, Key=to_item({"name": name}))
        self._known.pop(name, None)

    def is_disabled(self, name: str) -> bool:
        is_disabled, until = self._known.get(name, (False, 0.0))
        if self._clock() < until:
            return is_disabled
        found = get_item(self._client, self._table, {"name": name}, is_consistent=False)
        return self._remember(name, is_disabled=found is not None)

    def _remember(self, name: str, *, is_disabled: bool) -> bool:
        self._known[name] = is_disabled, self._clock() + MAX_AGE
        return is_disabled
