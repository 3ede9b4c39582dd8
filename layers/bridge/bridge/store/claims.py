"""Claims: one claimer at a time may check a verification, and nobody else for some seconds after it.

A claimed verification stays due, so another check follows if the claimer crashes.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification, timestamp
from bridge.store.index_keys import due_attributes
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table

HAS_LINK = "attribute_exists(#token) AND #sequence > :zero"
_NOT_JUST_CHECKED = "(attribute_not_exists(#claimed_at) OR #claimed_at <= :checked_before)"
# Lists statuses by name, so that a row with a status of a newer version is not changed.
_MAY_ADVANCE = (
    "(#status IN (:pending, :processing) OR (#status IN (:rejected, :failed, :expired) AND #expires_at > :late))"
)
CLAIMABLE = f"{HAS_LINK} AND {NOT_REDACTED} AND {_NOT_JUST_CHECKED} AND {_MAY_ADVANCE}"
# The last claim becomes the last contact, unless its vendor call is known to have failed.
_LAST_CONTACT = {"last_contact_at": "contact_started_at"}


class Claim(NamedTuple):
    """The verification (None if it does not exist), and whether it was claimed."""

    verification: Verification | None
    is_claimed: bool


def claim_on_refresh(table: Table, id: str, claimer: str, now: datetime, principal: str) -> tuple[Claim, bool]:
    """Claims a verification of `principal` for a refresh. Does not move a planned check, and does not count as one.

    Returns the claim, and whether only the claim made the verification due.
    """
    condition = f"{CLAIMABLE} AND #principal = :principal"
    values = {**claim_values(now, schedule.MIN_REFRESH_INTERVAL_SECONDS), ":principal": principal}
    attributes = claim_attributes(claimer, now)
    claim = claim_if(
        table, id, claimer, condition=f"{condition} AND attribute_exists(#due_at)", values=values, set=attributes
    )
    existing = claim.verification
    if claim.is_claimed or existing is None or existing.due_at is not None or existing.status is Status.VERIFIED:
        return claim, False
    # With no check planned, the claim makes it due, in case this process crashes.
    claim = claim_if(
        table,
        id,
        claimer,
        condition=f"{condition} AND attribute_not_exists(#due_at)",
        values=values,
        set=attributes | due_attributes(id, int(now.timestamp()) + schedule.CLAIM_SECONDS),
    )
    return claim, claim.is_claimed


def claim_on_schedule(table: Table, id: str, claimer: str, now: datetime, due_at: int | None) -> Claim:
    """Claims a verification that is still due at `due_at` (epoch seconds). None skips that condition.

    The due time stays. After a crash the message is received again, or the sweep finds the verification.
    """
    condition, values = CLAIMABLE, claim_values(now, schedule.MIN_CHECK_INTERVAL_SECONDS)
    if due_at is not None:
        condition += " AND #due_at = :due_at"
        values[":due_at"] = due_at
    return claim_if(
        table,
        id,
        claimer,
        condition=condition,
        values=values,
        set=claim_attributes(claimer, now),
        default=due_attributes(id, int(now.timestamp()) + schedule.CLAIM_SECONDS),
        increment=["checks"],
    )


def claim_if(table: Table, id: str, claimer: str, **update: Any) -> Claim:
    """Claims a verification with a conditional update. `update` are further arguments of `Table.update`."""
    try:
        return Claim(table.update(id, copy=_LAST_CONTACT, **update), is_claimed=True)
    except ConditionFailed as failed:
        existing = failed.existing
        if existing is None or existing.claimed_by != claimer:
            return Claim(existing, is_claimed=False)
        # The response to our write was lost. What was redacted or verified since then is not checked.
        may_change = existing.redacted_at is None and existing.status is not Status.VERIFIED
        return Claim(existing, may_change)


def claim_attributes(claimer: str, now: datetime) -> dict[str, Any]:
    return {
        "claimed_at": int(now.timestamp() * 1000),
        "claimed_by": claimer,
        "contact_started_at": int(now.timestamp()),
    }


def claim_values(now: datetime, interval: int) -> dict[str, Any]:
    return {
        ":zero": 0,
        ":checked_before": int(now.timestamp() * 1000) - interval * 1000,
        ":late": timestamp(now - timedelta(seconds=schedule.LATE_PROOF_SECONDS)),
        **{f":{status.value}": status.value for status in Status if status is not Status.VERIFIED},
    }
