"""The event bus of the stack: EventBridge passes its events on to the targets of its rules."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.aws.clients import in_batches, translate_aws_errors
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import Event


class EventBus:
    """`source`: the stack's name, as the events' `source`."""

    def __init__(self, client: Any, name: str, source: str) -> None:
        self._client = client
        self._name = name
        self._source = source

    def put(self, events: Sequence[Event]) -> None:
        """Puts the events on the bus. Raises StorageUnavailable if it did not take all of them.

        They may be put again: their ids stay the same.
        """
        for batch in in_batches(events):
            with translate_aws_errors("PutEvents"):
                response = self._client.put_events(Entries=[self._entry(event) for event in batch])
            results = response.get("Entries", [])
            codes = [str(result.get("ErrorCode")) for result in results if "EventId" not in result]
            if codes or len(results) < len(batch):
                raise StorageUnavailable("PutEvents", codes[0] if codes else "NotInResponse")

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": self._source,
            "DetailType": event.type,
            "Time": datetime.fromisoformat(event.timestamp),
            "Resources": [event.data["id"]],
            "Detail": json.dumps(event.detail),
        }
