"""Claim → vendor → advance or reschedule.

Whoever claims a verification may ask the vendor about it; nobody else may for some seconds. A claim also keeps the
verification due, so that a crash of the claimer loses nothing.
"""

import dataclasses
import hmac
from datetime import datetime, timedelta
from typing import Any

from bridge import schedule
from bridge.models import Evidence, Status, Verification, timestamp
from bridge.store.rows import due_shard
from bridge.store.table import ConditionFailed, Table

# How long after the end of a link a late proof is still accepted.
LATE_PROOF = timedelta(days=7)

_HAS_LINK = "attribute_exists(#token) AND #sequence > :zero"
_NOT_REDACTED = "attribute_not_exists(#redacted_at)"
_NOT_JUST_CHECKED = "(attribute_not_exists(#claimed_at) OR #claimed_at <= :checked_before)"
# By name: nothing is written to a row whose status only a newer version knows.
_MAY_ADVANCE = (
    "(#status IN (:pending, :processing) OR (#status IN (:rejected, :failed, :expired) AND #expires_at > :late))"
)
_CLAIMABLE = f"{_HAS_LINK} AND {_NOT_REDACTED} AND {_NOT_JUST_CHECKED} AND {_MAY_ADVANCE}"
_OPEN_WITH_CODE = f"{_HAS_LINK} AND {_NOT_REDACTED} AND #code = :code AND #status = :status"

# The verification, None if there is none, and whether it was claimed.
Claim = tuple[Verification | None, bool]


@dataclasses.dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What a check found. `due_at` in epoch seconds; None if no further check is needed."""

    status: Status
    expires_at: datetime
    due_at: int | None
    reason_code: str | None = None
    result: str | None = None
    evidence: Evidence | None = None


def claim_on_return(table: Table, id: str, claimer: str, now: datetime, code: str) -> Claim:
    """Records that the person has returned, and claims the verification if it may be checked now.

    The same write that claims advances a pending verification to processing, so every later read agrees with what the
    person is told. A return that may not be checked now is answered by the checks that follow it. A verification that
    was not claimed may have another code: compare it.
    """
    claim = _claim(claimer, now)
    try:
        return table.update(
            id,
            condition=f"{_CLAIMABLE} AND #code = :code AND #status = :pending",
            values={**_claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS), ":code": code},
            set={**claim, **_returned(id, now), "status": Status.PROCESSING.value, "updated_at": timestamp(now)},
            copy=_COPY,
            increment=["sequence", "checks"],
        ), True
    except ConditionFailed as failed:
        existing = failed.existing
    if existing is None or not _may_return(existing, code):
        return existing, False
    if existing.claimed_by == claimer:
        # The response to our write was lost.
        return existing, existing.claimed_at == claim["claimed_at"]
    if existing.status is not Status.PENDING and _may_check_again(existing, now):
        claimed, is_claimed = _claim_again(table, existing, claimer, now)
        if is_claimed or claimed is None:
            return claimed, is_claimed
        existing = claimed
    return _note_return(table, existing, claimer, now), False


def claim_on_refresh(table: Table, id: str, claimer: str, now: datetime, principal: str) -> Claim:
    """Claims a verification of `principal`. It does not move a planned check, nor count as one."""
    due_at = int(now.timestamp()) + schedule.CLAIM_SECONDS
    return _claim_if(
        table,
        id,
        claimer,
        condition=f"{_CLAIMABLE} AND #principal = :principal",
        values={**_claim_values(now, schedule.MIN_REFRESH_INTERVAL_SECONDS), ":principal": principal},
        set=_claim(claimer, now),
        default=_due(id, due_at),
    )


def claim_on_schedule(table: Table, id: str, claimer: str, now: datetime, due_at: int | None) -> Claim:
    """Claims a verification that is still due at `due_at`; None claims it whenever it is due.

    It stays due as it was: after a crash its message comes again, or the sweep finds it.
    """
    condition, values = _CLAIMABLE, _claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS)
    if due_at is not None:
        condition += " AND #due_at = :due_at"
        values[":due_at"] = due_at
    return _claim_if(
        table,
        id,
        claimer,
        condition=condition,
        values=values,
        set=_claim(claimer, now),
        default=_due(id, int(now.timestamp()) + schedule.CLAIM_SECONDS),
        increment=["checks"],
    )


def advance(table: Table, verification: Verification, update: StatusUpdate, now: datetime) -> Verification:
    """Writes a higher status and what proves it. Returns the verification as it is afterwards, whoever wrote it."""
    changes: dict[str, Any] = {
        "status": update.status.value,
        "updated_at": timestamp(now),
        "expires_at": timestamp(update.expires_at),
    }
    remove = ["failures", "contact_started_at", "last_contact_at"]
    if update.reason_code is None:
        remove.append("reason_code")
    else:
        changes["reason_code"] = update.reason_code
    if update.result is not None:
        changes["result"] = update.result
    if update.evidence is not None:
        evidence = update.evidence
        changes["evidence"] = {"key": evidence.key, "sha256": evidence.sha256, "size": evidence.size}
    if update.status.is_final:
        changes["ttl"] = int(now.timestamp()) + table.retention
    _plan(verification.id, update.due_at, changes, remove)
    lower = {f":lower{i}": status.value for i, status in enumerate(update.status.lower_ones)}
    try:
        return table.update(
            verification.id,
            condition=f"{_NOT_REDACTED} AND #status IN ({', '.join(lower)})",
            values=lower,
            set=changes,
            remove=remove,
            increment=["sequence"],
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
    failures: int = 0,
) -> Verification:
    """Plans the next check after one that did not change the status. Only the last claimer may: an earlier one knows
    less."""
    changes: dict[str, Any] = {"expires_at": timestamp(expires_at), "failures": failures}
    remove: list[str] = []
    if reason_code != verification.reason_code:
        changes["updated_at"] = timestamp(now)
        if reason_code is None:
            remove.append("reason_code")
        else:
            changes["reason_code"] = reason_code
    return _reschedule(table, verification, due_at, changes, remove)


def back_off(
    table: Table,
    verification: Verification,
    *,
    due_at: int | None,
    failures: int,
    is_counted: bool,
    vendor_failed: bool,
) -> Verification:
    """Plans the next check after one that failed.

    Args:
        failures: how many failed in a row.
        is_counted: whether the claim counted as a check; the failed check does not.
        vendor_failed: the vendor gave no response, so the claim does not count as a contact.
    """
    changes: dict[str, Any] = {"failures": failures}
    if is_counted:
        changes["checks"] = verification.checks - 1
    if vendor_failed:
        changes["contact_started_at"] = verification.last_contact_at
    return _reschedule(table, verification, due_at, changes, [])


def release(table: Table, verification: Verification, *, due_at: int | None, is_counted: bool) -> Verification:
    """Takes a claim back that asked nothing, so that the next one need not wait."""
    changes: dict[str, Any] = {"contact_started_at": verification.last_contact_at}
    if is_counted:
        changes["checks"] = verification.checks - 1
    return _reschedule(table, verification, due_at, changes, ["claimed_at"])


def _may_return(existing: Verification, code: str) -> bool:
    has_code = hmac.compare_digest((existing.code or "").encode(), code.encode())
    has_link = existing.token is not None and not existing.is_reservation
    return has_code and has_link and existing.redacted_at is None and existing.status is not Status.VERIFIED


def _may_check_again(existing: Verification, now: datetime) -> bool:
    if existing.status.is_final:
        # The last one is kept for the end of the link.
        return existing.checks < schedule.MAX_CHECKS - 1
    return schedule.may_check_again(now.timestamp(), returned_at=existing.returned_at, checks=existing.checks)


def _claim_again(table: Table, existing: Verification, claimer: str, now: datetime) -> Claim:
    """Claims what is not pending any more, for a further return."""
    return _claim_if(
        table,
        existing.id,
        claimer,
        condition=f"{_CLAIMABLE} AND #status <> :pending",
        values=_claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS),
        # The checks that follow count from this return on; schedule bounds their number.
        set={**_claim(claimer, now), **_returned(existing.id, now)},
        increment=["checks"],
    )


def _note_return(
    table: Table, existing: Verification, claimer: str, now: datetime, *, retry: bool = True
) -> Verification:
    """Records a return that may not be checked now, and plans the checks that follow it.

    It takes over an older claim, whose plan knows nothing of this return.
    """
    if existing.status.is_final or schedule.is_followed(now.timestamp(), existing.returned_at):
        return existing
    returned_at = int(now.timestamp())
    due_at = schedule.next_check(
        now.timestamp(),
        expires_at=existing.expires_at.timestamp(),
        returned_at=returned_at,
        checks=existing.checks,
        is_started=True,
    )
    changes = {
        "returned_at": returned_at,
        "claimed_by": claimer,
        **_due(existing.id, min(due_at, existing.due_at or due_at)),
    }
    if existing.status is Status.PENDING:
        changes |= {"status": Status.PROCESSING.value, "updated_at": timestamp(now)}
    try:
        return table.update(
            existing.id,
            condition=_OPEN_WITH_CODE,
            values={":zero": 0, ":code": existing.code, ":status": existing.status.value},
            set=changes,
            increment=["sequence"] if existing.status is Status.PENDING else [],
        )
    except ConditionFailed as failed:
        latest = failed.existing or existing
    # Another return or a result came first; or a check that knew nothing of this return, so it is recorded once more.
    if retry and latest.code == existing.code and latest.redacted_at is None:
        return _note_return(table, latest, claimer, now, retry=False)
    return latest


def _claim_if(table: Table, id: str, claimer: str, **update: Any) -> Claim:
    try:
        return table.update(id, copy=_COPY, **update), True
    except ConditionFailed as failed:
        existing = failed.existing
        # The response to our write may have been lost; a verification redacted since is not to be checked.
        is_ours = existing is not None and existing.claimed_by == claimer and existing.redacted_at is None
        return existing, is_ours


def _reschedule(
    table: Table, verification: Verification, due_at: int | None, changes: dict[str, Any], remove: list[str]
) -> Verification:
    _plan(verification.id, due_at, changes, remove)
    try:
        return table.update(
            verification.id,
            condition=f"{_NOT_REDACTED} AND #status = :status AND #claimed_by = :claimer",
            values={":status": verification.status.value, ":claimer": verification.claimed_by},
            set=changes,
            remove=remove,
        )
    except ConditionFailed as failed:
        return failed.existing or verification


# The time of the last claim whose vendor call is not known to have failed becomes that of the last contact.
_COPY = {"last_contact_at": "contact_started_at"}


def _claim(claimer: str, now: datetime) -> dict[str, Any]:
    return {
        "claimed_at": int(now.timestamp() * 1000),
        "claimed_by": claimer,
        "contact_started_at": int(now.timestamp()),
    }


def _claim_values(now: datetime, interval: int) -> dict[str, Any]:
    return {
        ":zero": 0,
        ":checked_before": int(now.timestamp() * 1000) - interval * 1000,
        ":late": timestamp(now - LATE_PROOF),
        **{f":{status.value}": status.value for status in Status if status is not Status.VERIFIED},
    }


def _returned(id: str, now: datetime) -> dict[str, Any]:
    seconds = int(now.timestamp())
    return {"returned_at": seconds, **_due(id, seconds + schedule.FOLLOW_UPS[0])}


def _plan(id: str, due_at: int | None, changes: dict[str, Any], remove: list[str]) -> None:
    if due_at is None:
        remove += ["due_at", "due_shard"]
    else:
        changes.update(_due(id, due_at))


def _due(id: str, due_at: int) -> dict[str, Any]:
    return {"due_at": due_at, "due_shard": due_shard(id)}
