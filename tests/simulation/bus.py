"""A simulated event bus, whose rule sends matching events to a queue at least once."""

import itertools
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.sandbox.aws import ACCOUNT_ID, region

from .clients import may_be_empty
from .external_calls import ExternalCalls
from .kernel import Kernel
from .queue import Queue
from .stream import matches

_CODES = ("InternalFailure", "ThrottlingException")


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """An event that the bus accepted. `by` is the invocation that put it."""

    time: float
    by: Any
    detail: dict[str, Any]


class EventBus:
    """`unreliability` is the probability that an entry fails, and that an event arrives twice or late."""

    def __init__(self, kernel: Kernel, pattern: Mapping[str, Any], target: Queue, rng: random.Random) -> None:
        self._kernel = kernel
        self._pattern = pattern
        self._target = target
        self._rng = rng
        self._numbers = itertools.count(1)
        self.unreliability = 0.0
        self.in_transit = 0
        self.accepted: list[AcceptedEvent] = []

    def put(self, by: Any, entry: Mapping[str, Any]) -> dict[str, str]:
        """Returns the entry's result, as PutEvents does."""
        if self._rng.random() < self.unreliability:
            return {"ErrorCode": self._rng.choice(_CODES), "ErrorMessage": "no"}
        event = {
            "version": "0",
            "id": f"b{next(self._numbers)}",
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": ACCOUNT_ID,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", entry["Time"].utctimetuple()),
            "region": region(),
            "resources": entry["Resources"],
            "detail": json.loads(entry["Detail"]),
        }
        self.accepted.append(AcceptedEvent(self._kernel.now, by, event["detail"]))
        if matches(self._pattern, event):
            for _ in range(2 if self._rng.random() < self.unreliability else 1):
                is_late = self._rng.random() < self.unreliability
                self.in_transit += 1
                self._kernel.after(self._rng.expovariate(1 / (120 if is_late else 0.3)), partial(self._arrive, event))
        return {"EventId": event["id"]}

    def _arrive(self, event: dict[str, Any]) -> None:
        self.in_transit -= 1
        self._target.send(json.dumps(event), 0)


class Events:
    """boto3's client of EventBridge."""

    def __init__(self, calls: ExternalCalls, bus: EventBus) -> None:
        self._calls = calls
        self._bus = bus

    @may_be_empty
    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        by, about = self._calls.owner(), [entry["Resources"][0] for entry in Entries]
        self._calls.record_iam_call("events", "PutEvents", {"Entries": Entries})

        def put() -> list[dict[str, str]]:
            return [self._bus.put(by, entry) for entry in Entries]

        results = self._calls.call("events", "PutEvents", about, put)
        failed = sum("ErrorCode" in result for result in results)
        if failed:
            self._calls.record_fault("events", "failed_entry")
        return {"FailedEntryCount": failed, "Entries": results}
