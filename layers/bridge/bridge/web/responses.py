"""Responses in JSON, with the vendor's field names where it has them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response

from bridge.domain.events import Event
from bridge.domain.reasons import reason
from bridge.domain.verification import Status, Verification, timestamp

# Seconds between two polls of a browser. While it is pending the person is at the vendor's page, or not there yet.
_POLL_SECONDS = {Status.PENDING: 10, Status.PROCESSING: 3}


def json_response(
    document: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[str]:
    return Response(status, "application/json", json.dumps(document), {"Cache-Control": "no-store", **(headers or {})})


def verification(v: Verification, *, base_url: str, now: datetime) -> dict[str, Any]:
    """A verification as its owner sees it. `url` and `token` are there only while the link can still be used,
    `redacted_at` only on a tombstone."""
    document: dict[str, Any] = {
        "object": "verification",
        "id": v.id,
        "status": v.status,
        "reason": _reason(v),
        "type": v.type,
        "id_country": v.id_country,
        "id_type": v.id_type,
        "reference": v.reference,
        "metadata": dict(v.metadata),
        "redirect_url": v.redirect_url,
        "status_url": f"{base_url}/status/{v.id}/{v.code}" if v.code else None,
        "created_at": timestamp(v.created_at),
        "updated_at": timestamp(v.updated_at),
        "expires_at": timestamp(v.expires_at),
        "sequence": v.sequence,
    }
    if v.link_is_usable(now):
        document |= {"url": v.url, "token": v.token}
    if v.redacted_at:
        document["redacted_at"] = timestamp(v.redacted_at)
    return document


def status(v: Verification) -> dict[str, Any]:
    """What a browser may know."""
    return {"id": v.id, "status": v.status, "reason": _reason(v), "updated_at": timestamp(v.updated_at)}


def events(events: Iterable[Event]) -> dict[str, Any]:
    """The events of a verification, as its owner sees them."""
    return {
        "data": [
            {
                "id": event.id,
                "type": event.type,
                "sequence": event.data["sequence"],
                "timestamp": event.timestamp,
                "data": event.data,
            }
            for event in events
        ]
    }


def poll_after(v: Verification) -> dict[str, str]:
    """When a browser is to ask for the status again, as a header; none once it is final."""
    return {"Retry-After": str(_POLL_SECONDS[v.status])} if v.status in _POLL_SECONDS else {}


def _reason(v: Verification) -> dict[str, Any] | None:
    if v.reason_code is None:
        return None
    why = reason(v.reason_code)
    return {"code": why.code, "message": why.message, "retryable": why.retryable}
