"""Writes after a check: advance to a higher status, or plan the next check.

Only the last claimer may plan it, because an earlier claimer has older information.
"""

from datetime import datetime
from typing import Any, NamedTuple

from bridge.domain.identity import Matches
from bridge.domain.verification import Evidence, HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import due_attributes
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table


class StatusUpdate(NamedTuple):
    """The result of a check. `due_at` is in epoch seconds, or None if no further check is needed.

    link_outcome: why the link has ended, if another one may follow, or if the proof is of an earlier one.
    """

    status: Status
    expires_at: datetime
    due_at: int | None
    reason_code: str | None = None
    evidence: Evidence | None = None
    matches: Matches | None = None
    link_outcome: str | None = None


def advance(table: Table, verification: Verification, update: StatusUpdate, now: datetime) -> Verification:
    """Writes a higher status with its result and evidence.

    Returns the verification afterwards. If another writer was first, that is its verification.
    """
    changes: dict[str, Any] = {
        "status": update.status.value,
        "updated_at": timestamp(now),
        "expires_at": timestamp(update.expires_at),
        "reason_code": update.reason_code,
        **due_attributes(verification.id, update.due_at),
        **_ended_link(update.link_outcome),
        **dict.fromkeys(("failures", "earlier_failures", "contradictory_records")),
        **dict.fromkeys(("contact_started_at", "last_contact_at")),
    }
    if update.evidence is not None:
        changes["evidence"] = update.evidence._asdict()
    if update.matches is not None:
        found = update.matches._asdict()
        changes["matches"] = {name: value for name, value in found.items() if value is not None}
    if update.status.is_final:
        changes["ttl"] = int(now.timestamp()) + table.retention_seconds
    if update.link_outcome is None and update.status in (Status.VERIFIED, Status.REJECTED):
        # A late result is the outcome of a link that a check had ended.
        changes["link_outcome"] = None
    lower = {f":lower{i}": status.value for i, status in enumerate(update.status.lower_ones)}
    condition, values = f"{NOT_REDACTED} AND #status IN ({', '.join(lower)})", dict[str, Any](lower)
    if update.status is not Status.VERIFIED:
        # A check that began with an earlier link says nothing about the current one, unless it found a proof.
        condition, values = f"{condition} AND #token = :token", {**values, ":token": verification.token}
    try:
        return table.update(
            verification.id,
            condition=condition,
            values=values,
            set=changes,
            advance=_entry(update, now),
        )
    except ConditionFailed as failed:
        return failed.existing or verification


def reschedule(
    table: Table,
    verification: Verification,
    *,
    due_at: int | None,
    expires_at: datetime,
    now: datetime,
    reason_code: str | None = None,
    contradictory_records: int = 0,
    link_outcome: str | None = None,
) -> Verification:
    """Plans the next check after one that did not change the status.

    Has no effect unless the claimer is the last one. `link_outcome` is as in StatusUpdate.
    """
    changes: dict[str, Any] = {
        "expires_at": timestamp(expires_at),
        "failures": 0,
        "earlier_failures": None,
        "contradictory_records": contradictory_records or None,
        **_ended_link(link_outcome),
    }
    if reason_code != verification.reason_code:
        changes |= {"updated_at": timestamp(now), "reason_code": reason_code}
    return _reschedule(table, verification, due_at, changes)


def back_off(
    table: Table,
    verification: Verification,
    *,
    due_at: int | None,
    failures: int,
    earlier_failures: int,
    is_counted: bool,
    vendor_failed: bool,
) -> Verification:
    """Plans the next check after a failed one. Has no effect unless the claimer is the last one.

    Args:
        failures: failed checks in a row.
        earlier_failures: those that could not read the record of an earlier link.
        is_counted: the claim counted as a check. The count is reverted.
        vendor_failed: the vendor did not respond usefully, so the claim does not count as a contact.
    """
    changes: dict[str, Any] = {"failures": failures, "earlier_failures": earlier_failures or None}
    if is_counted:
        changes["checks"] = verification.checks - 1
    if vendor_failed:
        changes["contact_started_at"] = verification.last_contact_at
    return _reschedule(table, verification, due_at, changes)


def release(table: Table, verification: Verification, *, due_at: int | None, is_counted: bool) -> Verification:
    """Reverts a claim whose vendor call the rate limiter refused, so that the next claim need not wait."""
    changes: dict[str, Any] = {"contact_started_at": verification.last_contact_at, "claimed_at": None}
    if is_counted:
        changes["checks"] = verification.checks - 1
    return _reschedule(table, verification, due_at, changes)


def _reschedule(table: Table, verification: Verification, due_at: int | None, changes: dict[str, Any]) -> Verification:
    # A plan that stays is not written: a sweep may have moved it since the claim.
    due = {} if due_at == verification.due_at else due_attributes(verification.id, due_at)
    try:
        return table.update(
            verification.id,
            condition=f"{NOT_REDACTED} AND #status = :status AND #claimed_by = :claimer",
            values={":status": verification.status.value, ":claimer": verification.claimed_by},
            set={**changes, **due},
        )
    except ConditionFailed as failed:
        return failed.existing or verification


def _entry(update: StatusUpdate, now: datetime) -> HistoryEntry:
    sha256 = update.evidence.sha256 if update.evidence else None
    return HistoryEntry(update.status, now, update.reason_code, sha256)


def _ended_link(outcome: str | None) -> dict[str, Any]:
    return {} if outcome is None else {"link_outcome": outcome, "url": None}
