"""JSON responses and redirects. Fields that the vendor also has have the vendor's names."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from bridge.domain import links
from bridge.domain.identity import Matches
from bridge.domain.verification import Status, Verification, timestamp

if TYPE_CHECKING:
    from bridge.domain.events import Event

# The URL of a return contains its secret code. It must not be cached, or sent to another site.
PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

# Seconds between two polls by a browser. A pending verification changes late, because the person is on the vendor's
# page.
_POLL_SECONDS = {Status.PENDING: 10, Status.PROCESSING: 3}


def json_response(
    document: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    ensure_ascii: bool = True,
) -> Response[str]:
    """`ensure_ascii` as in json.dumps: with it, texts may have lone surrogates, as a vendor's record may."""
    text = json.dumps(document, ensure_ascii=ensure_ascii)
    return Response(status, "application/json", text, {"Cache-Control": "no-store", **(headers or {})})


def see_other(location: str) -> Response[str]:
    """A 303 to `location`."""
    return Response(303, "text/plain", "", {**PRIVATE_HEADERS, "Location": location})


def verification_document(v: Verification, *, base_url: str, now: datetime) -> dict[str, Any]:
    """The verification as JSON.

    It has `url` and `token` while the link is usable, `redacted_at` on tombstones, `matches` at the end if the caller
    said whom they expect, and `start_url` and `links` if its start page makes the links.
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
        "locale": v.locale,
        "status_url": f"{base_url}/status/{v.id}/{v.code}" if v.code else None,
        "created_at": timestamp(v.created_at),
        "updated_at": timestamp(v.updated_at),
        "expires_at": timestamp(v.ends_at),
        "sequence": v.sequence,
    }
    if v.valid_until:
        start_url = f"{base_url}/start/{v.id}/{v.code}" if v.code else None
        document |= {"link": "on_open", "start_url": start_url, "links": _links(v)}
    if v.link_is_usable(now):
        document |= {"url": v.url, "token": v.token}
    if v.has_expected and v.status.is_final:
        document["matches"] = (v.matches or Matches())._asdict()
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
    if v.status.is_final:
        return {}
    # After a link that ended nothing changes until the person asks for another one, which may take days.
    waits_for_person = v.link_outcome is not None
    return {"Retry-After": str(_POLL_SECONDS[Status.PENDING if waits_for_person else v.status])}


def _links(v: Verification) -> list[dict[str, Any]]:
    """Each link that the start page made, oldest first. `outcome` is null for one that may still have a result."""
    times: list[tuple[datetime, datetime, str | None]] = [
        (link.created_at, link.expires_at, link.outcome) for link in links.ended(v)
    ]
    if v.token and not v.link_outcome:
        times.append(
            (links.link_created_at(v), v.expires_at, (v.reason_code or v.status) if v.status.is_final else None)
        )
    return [
        {"created_at": timestamp(created_at), "expires_at": timestamp(expires_at), "outcome": outcome}
        for created_at, expires_at, outcome in times
    ]


def _reason(v: Verification) -> dict[str, Any] | None:
    if v.reason_code is None:
        return None
    # Imported here because a new verification has no reason.
    from bridge.domain.reasons import reason
    from bridge.web.page_texts import texts

    why = reason(v.reason_code)
    return (why._replace(message=texts(v.locale).reason(why.code)) if v.locale else why)._asdict()
