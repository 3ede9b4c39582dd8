"""One event for each advance of a verification. It follows from the record alone: a replay sends the same event again.

An event has no personal data. `reference` is the caller's own id, declared pseudonymous, and leaves with a redaction.
"""

import json
import re
from typing import Any, NamedTuple

from bridge.domain.caller import owner
from bridge.domain.ids import is_id
from bridge.domain.reasons import reason
from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp

TYPES = tuple(
    f"verification.{name}"
    for name in ("created", "processing", "verified", "rejected", "failed", "expired", "redacted")
)

_ID = re.compile(r"evt_[a-z2-7]{26}_[1-9][0-9]*")


class Event(NamedTuple):
    """`timestamp` as ISO 8601. `owner`, a hash of the principal, is for routing webhooks, and in none of them."""

    id: str
    owner: str
    type: str
    timestamp: str
    data: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The body of its webhook: the same bytes at each attempt, as they are signed."""
        content = {"type": self.type, "timestamp": self.timestamp, "data": self.data}
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def detail(self) -> dict[str, Any]:
        """What is sent to the event bus."""
        return self._asdict()


def event_in(detail: Any) -> Event:
    """The event in a bus event's `detail`; KeyError, TypeError or ValueError if it is not one of ours."""
    texts = {name: detail[name] for name in ("id", "owner", "type", "timestamp")}
    data = detail["data"]
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("a field of the event is not a string")
    if not isinstance(data, dict) or not is_id(data["id"]) or not _ID.fullmatch(texts["id"]):
        raise ValueError("data or an id of the event is malformed")
    return Event(**texts, data=data)


def events_of(verification: Verification) -> list[Event]:
    """All events of a verification, oldest first."""
    return [_event(verification, number, entry) for number, entry in enumerate(verification.history, start=1)]


def last_event(verification: Verification) -> Event:
    """The event of the write that left the verification as it is; it is not a reservation."""
    return _event(verification, len(verification.history), verification.history[-1])


def _event(verification: Verification, sequence: int, entry: HistoryEntry) -> Event:
    time = timestamp(entry.at)
    data = {
        "id": verification.id,
        "reference": verification.reference,
        "type": verification.type,
        "status": entry.status.value,
        "reason": reason(entry.reason_code)._asdict() if entry.reason_code else None,
        "sequence": sequence,
        "evidence_sha256": entry.evidence_sha256,
        "created_at": timestamp(verification.created_at),
        "updated_at": time,
    }
    id = f"evt_{verification.id.removeprefix('ver_')}_{sequence}"
    return Event(id, owner(verification.principal), _type(entry), time, data)


def _type(entry: HistoryEntry) -> str:
    if entry.is_redaction:
        return "verification.redacted"
    return "verification.created" if entry.status is Status.PENDING else f"verification.{entry.status.value}"
