"""Reserve → vendor → commit. The record is its own idempotency record: its id follows from the caller's key."""

import contextlib
from datetime import datetime
from typing import Any

from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store.rows import created_attributes, reference_key, to_row
from bridge.store.table import ConditionFailed, Table

_FREE = "attribute_not_exists(#id)"
_RESERVED = "#sequence = :zero"
_LEASE_IS_OVER = "#lease_until < :now"
_SAME_REQUEST = "#fingerprint = :fingerprint"
_MINE = "#attempt = :attempt"


def reserve(table: Table, reservation: Verification, now: datetime) -> Verification | None:
    """Puts the reservation, or takes up one of the same request whose lease is over. None if it is ours now; else the
    verification that stands there."""
    values = {":zero": 0, ":now": int(now.timestamp()), ":fingerprint": reservation.fingerprint}
    condition = f"{_FREE} OR ({_RESERVED} AND {_LEASE_IS_OVER} AND {_SAME_REQUEST})"
    try:
        table.put(to_row(reservation), condition=condition, values=values)
    except ConditionFailed as failed:
        existing = failed.existing
        return None if existing and existing.attempt == reservation.attempt else existing
    return None


def commit_link(table: Table, reservation: Verification, *, url: str, token: str, now: datetime) -> Verification:
    """The reservation becomes a pending verification, whose link was made at `reservation.created_at`."""
    changes: dict[str, Any] = {
        "url": url,
        "token": token,
        "created_at": timestamp(reservation.created_at),
        "expires_at": timestamp(reservation.expires_at),
        "updated_at": timestamp(now),
        **created_attributes(reservation.principal, reservation.created_at),
    }
    if reservation.reference is not None:
        changes["reference_key"] = reference_key(reservation.principal, reservation.reference)
    try:
        return table.update(
            reservation.id,
            condition=f"{_RESERVED} AND {_MINE}",
            values={":zero": 0, ":attempt": reservation.attempt},
            set=changes,
            remove=["lease_until"],
            advance=HistoryEntry(Status.PENDING, now),
        )
    except ConditionFailed as failed:
        if failed.existing and failed.existing.token == token:
            return failed.existing
        raise


def release(table: Table, reservation: Verification) -> None:
    """Takes a reservation back, so that the same request may be sent again at once."""
    values = {":zero": 0, ":attempt": reservation.attempt}
    # Where the condition fails, it is gone already, or another's by now.
    with contextlib.suppress(ConditionFailed):
        table.delete(reservation.id, condition=f"{_RESERVED} AND {_MINE}", values=values)


def fail_abandoned(table: Table, id: str, now: datetime) -> bool:
    """Ends a reservation whose maker died; False if there is none whose lease is over."""
    changes = {
        "status": Status.FAILED.value,
        "reason_code": "link_not_created",
        "updated_at": timestamp(now),
        "ttl": int(now.timestamp()) + table.retention,
    }
    values = {":zero": 0, ":now": int(now.timestamp())}
    condition = f"{_RESERVED} AND {_LEASE_IS_OVER}"
    try:
        table.update(
            id,
            condition=condition,
            values=values,
            set=changes,
            remove=["due_at", "due_shard", "lease_until"],
            advance=HistoryEntry(Status.FAILED, now, "link_not_created"),
        )
    except ConditionFailed:
        return False
    return True
