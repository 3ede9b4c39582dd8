"""Which endpoints are switched off, since they responded that they are gone (410), until an operator's command."""

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
    """`clock()` gives seconds that only grow."""

    def __init__(self, client: Any, table: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        # Of each name: whether it is off, and until when that counts.
        self._known: dict[str, tuple[bool, float]] = {}

    def disable(self, name: str, reason: str, now: datetime) -> None:
        """Switches it off; when and why it first was stays."""
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
        """Switches it on; processes that remember it as off see that within MAX_AGE."""
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
