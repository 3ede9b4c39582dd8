"""Reservations, and the links that complete them.

The id of a verification is derived from the Idempotency-Key, so its row is also the idempotency record.
"""

import contextlib
from datetime import datetime
from typing import Any

from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import created_attributes, due_attributes, reference_key
from bridge.store.rows import to_row
from bridge.store.table import ConditionFailed, Table

_FREE = "attribute_not_exists(#id)"
_RESERVED = "#sequence = :zero"
_LEASE_IS_OVER = "#lease_until < :now"
_SAME_REQUEST = "#fingerprint = :fingerprint"
_MINE = "#attempt = :attempt"


def reserve(table: Table, reservation: Verification, now: datetime) -> Verification | None:
    """Writes the reservation, or takes over one of the same request whose lease has expired.

    Returns None on success, else the existing verification.
    """
    values = {":zero": 0, ":now": int(now.timestamp()), ":fingerprint": reservation.fingerprint}
    condition = f"{_FREE} OR ({_RESERVED} AND {_LEASE_IS_OVER} AND {_SAME_REQUEST})"
    try:
        table.put(to_row(reservation), condition=condition, values=values)
    except ConditionFailed as failed:
        existing = failed.existing
        return None if existing and existing.attempt == reservation.attempt else existing
    return None


def commit_link(table: Table, reservation: Verification, *, url: str, token: str, now: datetime) -> Verification:
    """Turns the reservation into a pending verification, whose link was created at `reservation.created_at`.

    Raises ConditionFailed if the reservation is no longer ours.
    """
    try:
        return _commit(table, reservation, {"url": url, "token": token}, now)
    except ConditionFailed as failed:
        if failed.existing and failed.existing.token == token:
            return failed.existing
        raise


def commit_without_link(table: Table, reservation: Verification, *, due_at: int, now: datetime) -> Verification:
    """Turns the reservation into a pending verification whose start page makes the link.

    Raises ConditionFailed if the reservation is no longer ours.
    """
    assert reservation.valid_until is not None, "its link is made later"
    changes = {"valid_until": timestamp(reservation.valid_until), "due_at": due_at}
    try:
        return _commit(table, reservation, changes, now)
    except ConditionFailed as failed:
        existing = failed.existing
        # The response to our write was lost.
        if existing and existing.attempt == reservation.attempt and existing.status is Status.PENDING:
            return existing
        raise


def _commit(table: Table, reservation: Verification, changes: dict[str, Any], now: datetime) -> Verification:
    changes |= {
        "created_at": timestamp(reservation.created_at),
        "expires_at": timestamp(reservation.expires_at),
        "updated_at": timestamp(now),
        "lease_until": None,
        **_list_attributes(reservation),
    }
    return table.update(
        reservation.id,
        condition=f"{_RESERVED} AND {_MINE}",
        values={":zero": 0, ":attempt": reservation.attempt},
        set=changes,
        advance=HistoryEntry(Status.PENDING, now),
    )


def _list_attributes(reservation: Verification) -> dict[str, str]:
    """The keys in the indexes of lists. A reservation has none, because nobody may read it yet."""
    attributes = created_attributes(reservation.principal, reservation.created_at)
    if reservation.reference is not None:
        attributes["reference_key"] = reference_key(reservation.principal, reservation.reference)
    return attributes


def release(table: Table, reservation: Verification) -> None:
    """Deletes a reservation, so that the same request can be sent again immediately."""
    values = {":zero": 0, ":attempt": reservation.attempt}
    # If the condition fails, the reservation is gone, or another request has taken it over.
    with contextlib.suppress(ConditionFailed):
        table.delete(reservation.id, condition=f"{_RESERVED} AND {_MINE}", values=values)


def fail_abandoned(table: Table, reservation: Verification, now: datetime) -> Verification | None:
    """Fails a reservation whose lease has expired. Returns None if it is gone, or no longer this one."""
    changes = {
        "status": Status.FAILED.value,
        "reason_code": "link_not_created",
        "updated_at": timestamp(now),
        "ttl": int(now.timestamp()) + table.retention_seconds,
        "lease_until": None,
        **due_attributes(reservation.id, None),
        **_list_attributes(reservation),
    }
    values = {":zero": 0, ":attempt": reservation.attempt, ":now": int(now.timestamp())}
    condition = f"{_RESERVED} AND {_MINE} AND {_LEASE_IS_OVER}"
    try:
        return table.update(
            reservation.id,
            condition=condition,
            values=values,
            set=changes,
            advance=HistoryEntry(Status.FAILED, now, "link_not_created"),
        )
    except ConditionFailed:
        return None
