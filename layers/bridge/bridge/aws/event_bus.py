"""The event bus of the stack: EventBridge passes its events on to the targets of its rules."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.aws.clients import translate_aws_errors
from bridge.domain.events import Event

_BATCH = 10


class EventBus:
    """`source`: the stack's name, as the events' `source`."""

    def __init__(self, client: Any, name: str, source: str) -> None:
        self._client = client
        self._name = name
        self._source = source

    def put(self, events: Sequence[Event]) -> dict[str, str]:
        """Puts the events on the bus. Returns the ids of those that it did not take, each with AWS's error code."""
        failed: dict[str, str] = {}
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            with translate_aws_errors("PutEvents"):
                response = self._client.put_events(Entries=[self._entry(event) for event in batch])
            results = response.get("Entries", [])
            for i, event in enumerate(batch):
                # A response that was cut short says nothing of an event: it is put once more.
                result = results[i] if i < len(results) else {"ErrorCode": "NotInResponse"}
                if "EventId" not in result:
                    failed[event.id] = str(result.get("ErrorCode"))
        return failed

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": self._source,
            "DetailType": event.type,
            "Time": datetime.fromisoformat(event.timestamp),
            "Resources": [event.data["id"]],
            "Detail": json.dumps(event.detail),
        }
