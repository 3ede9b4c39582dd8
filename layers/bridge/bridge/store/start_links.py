"""The links that a start page makes. One request at a time holds the lease, so parallel taps make one link."""

import contextlib
from datetime import datetime
from typing import Any

from bridge.domain import links, schedule
from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import due_attributes
from bridge.store.rows import ended_link
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table

_OPEN = f"{NOT_REDACTED} AND #status IN (:pending, :processing)"
_OPEN_VALUES = {":pending": Status.PENDING.value, ":processing": Status.PROCESSING.value}
# Attributes that describe the lease, and the checks of the link before.
_OF_EARLIER_LINK = (
    *("lease_until", "failures", "earlier_failures", "contradictory_records", "reason_code", "link_outcome"),
    *("returned_at", "claimed_at", "claimed_by", "contact_started_at", "last_contact_at"),
)
_LEASE_IS_OVER = "(attribute_not_exists(#lease_until) OR #lease_until < :now)"


def lease(table: Table, verification: Verification, attempt: str, now: datetime) -> Verification | None:
    """Reserves the making of the next link for `attempt`. None if another request was first."""
    condition, values = f"{_OPEN} AND {_LEASE_IS_OVER}", {**_OPEN_VALUES, ":now": int(now.timestamp())}
    if verification.token is None:
        condition += " AND attribute_not_exists(#token)"
    else:
        condition += " AND #token = :token AND attribute_exists(#link_outcome)"
        values[":token"] = verification.token
    until = int(now.timestamp()) + schedule.LEASE_SECONDS
    try:
        return table.update(
            verification.id, condition=condition, values=values, set={"attempt": attempt, "lease_until": until}
        )
    except ConditionFailed as failed:
        existing = failed.existing
        # If the response to our write was lost, the lease is ours. Nothing is made for one redacted since then.
        is_ours = existing is not None and existing.attempt == attempt and existing.redacted_at is None
        return existing if is_ours else None


def commit(
    table: Table, leased: Verification, *, url: str, token: str, now: datetime, expires_at: datetime
) -> Verification | None:
    """Makes a new link the verification's current one. None if it has ended meanwhile, or the lease is lost."""
    changes: dict[str, Any] = {
        "url": url,
        "token": token,
        "link_created_at": timestamp(now),
        "expires_at": timestamp(expires_at),
        "updated_at": timestamp(now),
        "ended_links": [ended_link(link) for link in links.ended(leased)],
        # The checks are planned and counted for each link.
        "checks": 0,
        **due_attributes(leased.id, schedule.first_check(now.timestamp(), expires_at.timestamp())),
        **dict.fromkeys(_OF_EARLIER_LINK),
    }
    try:
        return table.update(
            leased.id,
            condition=f"{_OPEN} AND #attempt = :attempt",
            values={**_OPEN_VALUES, ":attempt": leased.attempt},
            set=changes,
        )
    except ConditionFailed as failed:
        return failed.existing if failed.existing and failed.existing.token == token else None


def release(table: Table, leased: Verification) -> None:
    """Gives the lease back, so that the next tap can make a link at once."""
    values = {":attempt": leased.attempt}
    # If the condition fails, another request has it.
    with contextlib.suppress(ConditionFailed):
        table.update(leased.id, condition="#attempt = :attempt", values=values, set={"lease_until": None})


def expire_without_link(table: Table, id: str, now: datetime) -> Verification | None:
    """Expires a verification whose start page made no link while it was valid. None if there is none to expire."""
    try:
        return table.update(
            id,
            condition=(
                f"{NOT_REDACTED} AND #status = :pending AND attribute_not_exists(#token)"
                f" AND #valid_until <= :time AND {_LEASE_IS_OVER}"
            ),
            values={":pending": Status.PENDING.value, ":time": timestamp(now), ":now": int(now.timestamp())},
            set={
                "status": Status.EXPIRED.value,
                "reason_code": "not_started",
                "updated_at": timestamp(now),
                "ttl": int(now.timestamp()) + table.retention_seconds,
                "lease_until": None,
                **due_attributes(id, None),
            },
            advance=HistoryEntry(Status.EXPIRED, now, "not_started"),
        )
    except ConditionFailed:
        return None
