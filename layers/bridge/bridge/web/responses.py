"""JSON responses. Fields that the vendor also has have the vendor's names."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from bridge.domain.matching import Matches
from bridge.domain.verification import Status, Verification, timestamp

if TYPE_CHECKING:
    from bridge.domain.events import Event

# Seconds between two polls by a browser. A pending verification changes late, because the person is on the vendor's
# page.
_POLL_SECONDS = {Status.PENDING: 10, Status.PROCESSING: 3}


def json_response(
    document: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[str]:
    return Response(status, "application/json", json.dumps(document), {"Cache-Control": "no-store", **(headers or {})})


def verification_document(v: Verification, *, base_url: str, now: datetime) -> dict[str, Any]:
    """The verification as JSON. It has `url` and `token` while the link is usable, `redacted_at` on tombstones,

    and `matches` at the end if the caller said whom they expect.
    """
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
    if v.has_expected and v.status.is_final:
        document["matches"] = dataclasses.asdict(v.matches or Matches())
    if v.redacted_at:
        document["redacted_at"] = timestamp(v.redacted_at)
    return document


def status_document(v: Verification) -> dict[str, Any]:
    """The fields that a browser may see without a key."""
    return {"id": v.id, "status": v.status, "reason": _reason(v), "updated_at": timestamp(v.updated_at)}


def events(events: "Iterable[Event]") -> dict[str, Any]:
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


def retry_after_header(v: Verification) -> dict[str, str]:
    """The Retry-After header for the next poll; empty if the status is final."""
    return {"Retry-After": str(_POLL_SECONDS[v.status])} if v.status in _POLL_SECONDS else {}


def _reason(v: Verification) -> dict[str, Any] | None:
    if v.reason_code is None:
        return None
    # Imported here because a new verification has no reason.
    from bridge.domain.reasons import reason

    why = reason(v.reason_code)
    return {"code": why.code, "message": why.message, "retryable": why.retryable}
