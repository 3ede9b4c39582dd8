"""The writes that advanced a verification, and the event that each has to cause."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from bridge.domain.reasons import reason
from tests.simulation.dynamodb import Change
from tests.simulation.receivers import Endpoint
from tests.simulation.world import SimulatedWorld

from .history import sequence, text


class Advance(NamedTuple):
    """A write that advanced a verification, and the content of its event. `bodies` are the bodies that its webhook may
    have: after a redaction the webhook is sent again without the reference."""

    change: Change
    principal: str | None
    content: dict[str, Any]
    bodies: tuple[bytes, ...]


def advances(world: SimulatedWorld) -> dict[str, Advance]:
    """Returns all advances by the id of their event."""
    found: dict[str, Advance] = world.cached("advances", lambda: dict(_found(world)))
    return found


def _found(world: SimulatedWorld) -> Iterator[tuple[str, Advance]]:
    for id, changes in world.table.by_id.items():
        is_redacted = any("redacted_at" in (change.after or {}) for change in changes)
        for change in changes:
            if change.after and sequence(change.after) > sequence(change.before):
                content = _content(change)
                redacted = {**content, "data": {**content["data"], "reference": None}}
                bodies = tuple(map(_bytes, (content, redacted) if is_redacted else (content,)))
                advance = Advance(change, text(change.after, "principal"), content, bodies)
                yield f"evt_{id.removeprefix('ver_')}_{sequence(change.after)}", advance


def _bytes(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def _content(change: Change) -> dict[str, Any]:
    """Returns the content of the write's event, with its fields in the order of docs/webhooks.md."""
    item = change.after or {}
    entry = item["history"]["L"][-1]["M"]
    status, code = entry["status"]["S"], text(entry, "reason_code")
    name = "redacted" if "redacted" in entry else status.replace("pending", "created")
    return {
        "type": f"verification.{name}",
        "timestamp": text(entry, "at"),
        "data": {
            "id": change.id,
            "reference": text(item, "reference"),
            "type": text(item, "type"),
            "status": status,
            "reason": _reason(code),
            "sequence": sequence(item),
            "evidence_sha256": text(entry, "evidence_sha256"),
            "created_at": text(item, "created_at"),
            "updated_at": text(entry, "at"),
        },
    }


def _reason(code: str | None) -> dict[str, Any] | None:
    if code is None:
        return None
    why = reason(code)
    return {"code": code, "message": why.message, "retryable": why.retryable}


def wants(endpoint: Endpoint, advance: Advance) -> bool:
    if endpoint.events is not None and advance.content["type"] not in endpoint.events:
        return False
    return endpoint.principal is None or endpoint.principal == advance.principal
