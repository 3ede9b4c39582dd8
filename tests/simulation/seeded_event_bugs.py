"""Seeded bugs of events and webhooks: see seeded_bugs.py."""

import itertools
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from bridge.aws.delivery_queue import DeliveryQueue
from bridge.aws.event_bus import EventBus
from bridge.domain import events, webhook_retries, webhooks
from bridge.domain.events import Event
from bridge.domain.verification import Verification
from bridge.store.endpoints import EndpointSwitches
from bridge.use_cases import deliver, publish
from bridge.web import batches

from . import stream
from .patches import SeededBug, patched, returning

_send, _sign, _event, _matches = DeliveryQueue.send, webhooks.sign, events._event, stream.matches


def _passes_claims(pattern: Any, event: Any) -> bool:
    image = event.get("dynamodb", {}).get("NewImage", {}) if isinstance(event, dict) else {}
    return _matches(pattern, event) or "claimed_at" in image


def expansion_only_once() -> AbstractContextManager[Any]:
    """A message of the bus is expanded once per event; a repetition after a failure does nothing."""
    begun: set[str] = set()

    def send(self: DeliveryQueue, event: Event, endpoints: Any) -> None:
        if event.id not in begun:
            begun.add(event.id)
            _send(self, event, endpoints)

    return mock.patch.object(DeliveryQueue, "send", send)


def _sign_the_data(secrets: Any, id: str, timestamp: int, body: bytes) -> str:
    return _sign(secrets, id, timestamp, body + b"\n")


def _event_with(**fields: Callable[[Verification], Any]) -> Callable[..., Event]:
    """Returns a replacement of _event that adds or replaces fields of an event's data."""

    def event(verification: Verification, *args: Any) -> Event:
        made = _event(verification, *args)
        others = {name: find(verification) for name, find in fields.items()}
        return made._replace(data={**made.data, **others})

    return event


_attempts = itertools.count()


def _numbered_body(event: Event) -> bytes:
    content = {"type": event.type, "timestamp": event.timestamp, "data": event.data, "attempt": next(_attempts)}
    return json.dumps(content).encode()


EVENT_BUGS: dict[str, tuple[SeededBug, set[str]]] = {
    "publish ignores failed entries": (returning(EventBus, "put", None), {"delivered"}),
    "the filter passes claims": (patched(stream, "matches", _passes_claims), {"filter"}),
    "deliver drops a webhook after one failure": (returning(deliver, "_retry", None), {"delivered"}),
    "deliver gives up after one failure": (returning(webhook_retries, "next_attempt", None), {"webhook dead letter"}),
    "an event is expanded only once": (expansion_only_once, {"delivered"}),
    "other bytes are signed": (patched(webhooks, "sign", _sign_the_data), {"signature"}),
    "each attempt has its own bytes": (patched(Event, "body", property(_numbered_body)), {"webhook content"}),
    "an event has the current status": (
        patched(events, "_event", _event_with(status=lambda verification: verification.status.value)),
        {"webhook content"},
    ),
    "an event has the link": (
        patched(events, "_event", _event_with(url=lambda verification: verification.url)),
        {"event leaks"},
    ),
    "every endpoint gets every event": (returning(webhooks.Endpoint, "wants", True), {"wanted"}),
    "410 is retried": (patched(deliver, "_GONE", 0), {"gone"}),
    "an endpoint that is off gets webhooks": (returning(EndpointSwitches, "is_disabled", False), {"gone"}),
    "deliver fails without a log line": (returning(batches, "record_failure", None), {"logged"}),
    "publish fails without a log line": (returning(publish, "record_failure", None), {"logged"}),
}
