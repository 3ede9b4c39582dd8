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


def verification_document(verification: Verification, *, base_url: str, now: datetime) -> dict[str, Any]:
    """The verification as JSON.

    It has `url` and `token` while the link is usable, `redacted_at` on tombstones, `matches` at the end if the caller
    said whom they expect, and `start_url` and `links` if its start page makes the links.
    """
    document: dict[str, Any] = {
        "object": "verification",
        "id": verification.id,
        "status": verification.status,
        "reason": _reason(verification),
        "type": verification.type,
        "id_country": verification.id_country,
        "id_type": verification.id_type,
        "reference": verification.reference,
        "metadata": dict(verification.metadata),
        "redirect_url": verification.redirect_url,
        "locale": verification.locale,
        "status_url": f"{base_url}/status/{verification.id}/{verification.code}" if verification.code else None,
        "created_at": timestamp(verification.created_at),
        "updated_at": timestamp(verification.updated_at),
        "expires_at": timestamp(verification.ends_at),
        "sequence": verification.sequence,
    }
    if verification.valid_until:
        start_url = f"{base_url}/start/{verification.id}/{verification.code}" if verification.code else None
        document |= {"link": "on_open", "start_url": start_url, "links": _links(verification)}
    if verification.link_is_usable(now):
        document |= {"url": verification.url, "token": verification.token}
    if verification.has_expected and verification.status.is_final:
        document["matches"] = (verification.matches or Matches())._asdict()
    if verification.redacted_at:
        document["redacted_at"] = timestamp(verification.redacted_at)
    return document


def status_document(verification: Verification) -> dict[str, Any]:
    """The fields that a browser may see without a key."""
    return {
        "id": verification.id,
        "status": verification.status,
        "reason": _reason(verification),
        "updated_at": timestamp(verification.updated_at),
    }


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


def retry_after_header(verification: Verification) -> dict[str, str]:
    """The Retry-After header for the next poll; empty if the status is final."""
    seconds = poll_seconds(verification)
    return {"Retry-After": str(seconds)} if seconds else {}


def poll_seconds(verification: Verification) -> int | None:
    """Seconds until the next poll; None if the status is final."""
    if verification.status.is_final:
        return None
    # After a link that ended nothing changes until the person asks for another one, which may take days.
    waits_for_person = verification.link_outcome is not None
    return _POLL_SECONDS[Status.PENDING if waits_for_person else verification.status]


def _links(verification: Verification) -> list[dict[str, Any]]:
    """Each link that the start page made, oldest first. `outcome` is null for one that may still have a result."""
    times: list[tuple[datetime, datetime, str | None]] = [
        (link.created_at, link.expires_at, link.outcome) for link in links.ended(verification)
    ]
    if verification.token and not verification.link_outcome:
        outcome = (verification.reason_code or verification.status) if verification.status.is_final else None
        times.append((links.link_created_at(verification), verification.expires_at, outcome))
    return [
        {"created_at": timestamp(created_at), "expires_at": timestamp(expires_at), "outcome": outcome}
        for created_at, expires_at, outcome in times
    ]


def _reason(verification: Verification) -> dict[str, Any] | None:
    if verification.reason_code is None:
        return None
    # Imported here because a new verification has no reason.
    from bridge.domain.reasons import reason
    from bridge.web.page_texts import load_language

    why = reason(verification.reason_code)
    if verification.locale:
        why = why._replace(message=load_language(verification.locale).reason(why.code))
    return why._asdict()
