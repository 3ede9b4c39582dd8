"""Records the person's return in the write that claims, so that every later read agrees with the redirect."""

import hmac
from datetime import datetime
from typing import Any

from bridge.domain import schedule
from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store.claims import CLAIMABLE, HAS_LINK, Claim, claim_attributes, claim_if, claim_values
from bridge.store.index_keys import due_attributes
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table

_OPEN_WITH_CODE = f"{HAS_LINK} AND {NOT_REDACTED} AND #code = :code AND #status = :status"


def claim_first_return(table: Table, id: str, claimer: str, now: datetime, code: str) -> Claim:
    """Claims a pending verification for the person's return, and advances it to processing in the same write.

    If it was not claimed, another write may record the return: `may_return` and `claim_further_return`.
    """
    return claim_if(
        table,
        id,
        claimer,
        condition=f"{CLAIMABLE} AND #code = :code AND #status = :pending",
        values={**claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS), ":code": code},
        set={
            **claim_attributes(claimer, now),
            **_returned(id, now),
            "status": Status.PROCESSING.value,
            "updated_at": timestamp(now),
        },
        increment=["checks"],
        advance=HistoryEntry(Status.PROCESSING, now),
    )


def may_return(existing: Verification, code: str) -> bool:
    """Whether the person with this code may return to a verification that `claim_first_return` did not claim."""
    has_code = hmac.compare_digest((existing.code or "").encode(), code.encode())
    has_link = existing.token is not None and not existing.is_reservation
    return has_code and has_link and existing.redacted_at is None and existing.status is not Status.VERIFIED


def claim_further_return(table: Table, existing: Verification, claimer: str, now: datetime) -> Claim:
    """Claims it for another return if it may be checked now. If not, records the return, and plans follow-up checks."""
    if existing.status is not Status.PENDING and _may_check_again(existing, now):
        claim = _claim_again(table, existing, claimer, now)
        if claim.is_claimed or claim.verification is None:
            return claim
        existing = claim.verification
    return Claim(_record_return(table, existing, claimer, now), is_claimed=False)


def _may_check_again(existing: Verification, now: datetime) -> bool:
    if existing.status.is_final:
        # The last check is reserved for the end of the link.
        return existing.checks < schedule.MAX_CHECKS - 1
    return schedule.may_check_again(now.timestamp(), returned_at=existing.returned_at, checks=existing.checks)


def _claim_again(table: Table, existing: Verification, claimer: str, now: datetime) -> Claim:
    """Claims a verification that is no longer pending, for another return."""
    return claim_if(
        table,
        existing.id,
        claimer,
        condition=f"{CLAIMABLE} AND #status <> :pending",
        values=claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS),
        # Follow-up checks refer to this return. domain.schedule limits their number.
        set={**claim_attributes(claimer, now), **_returned(existing.id, now)},
        increment=["checks"],
    )


def _record_return(
    table: Table, existing: Verification, claimer: str, now: datetime, *, retry: bool = True
) -> Verification:
    """Records a return that may not be checked now, and plans follow-up checks.

    Takes over an older claim, whose plan would not consider this return.
    """
    if existing.status.is_final or schedule.is_followed(now.timestamp(), existing.returned_at):
        return existing
    if existing.link_outcome and existing.status is Status.PROCESSING and existing.checks >= schedule.MAX_CHECKS - 1:
        # The last check is at the end, which may be weeks away. Without this, every return would add one.
        return existing
    changes = {"returned_at": int(now.timestamp()), "claimed_by": claimer, **_planned(existing, now)}
    entry = None
    if existing.status is Status.PENDING:
        entry = HistoryEntry(Status.PROCESSING, now)
        changes |= {"status": entry.status.value, "updated_at": timestamp(now)}
    try:
        return table.update(
            existing.id,
            condition=_OPEN_WITH_CODE,
            values={":zero": 0, ":code": existing.code, ":status": existing.status.value},
            set=changes,
            advance=entry,
        )
    except ConditionFailed as failed:
        latest = failed.existing or existing
    # Another return, a result or a check was written first. Try once more on the latest state.
    if retry and latest.code == existing.code and latest.redacted_at is None:
        return _record_return(table, latest, claimer, now, retry=False)
    return latest


def _planned(existing: Verification, now: datetime) -> dict[str, Any]:
    """The next check after a return at `now`: not later than the one that is planned."""
    due_at = schedule.next_check(
        now.timestamp(),
        expires_at=existing.expires_at.timestamp(),
        returned_at=now.timestamp(),
        checks=existing.checks,
        is_started=True,
    )
    return due_attributes(existing.id, min(due_at, existing.due_at or due_at))


def _returned(id: str, now: datetime) -> dict[str, Any]:
    seconds = int(now.timestamp())
    return {"returned_at": seconds, **due_attributes(id, seconds + schedule.FOLLOW_UP_SECONDS[0])}
