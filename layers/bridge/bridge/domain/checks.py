"""A check of a verification with the vendor: its purpose, and when the next one is due. Due times are epoch seconds."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bridge.domain import links, schedule
from bridge.domain.verification import Status, Verification

if TYPE_CHECKING:
    from bridge.domain.decision import Decision, VendorRecord


class CallClass(StrEnum):
    """The purpose of a vendor call. Creates and returns have priority because a person waits for them."""

    CREATE = "create"
    RETURN = "return"
    BACKGROUND = "background"
    REFRESH = "refresh"


class Check(NamedTuple):
    """A check of a verification that was claimed at `claimed_at`. `made_due`: no check was planned before the claim."""

    call: CallClass
    claimed_at: datetime
    made_due: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether it counts towards schedule.MAX_CHECKS."""
        return self.call is not CallClass.REFRESH


def link_expires_at(verification: Verification, record: "VendorRecord") -> datetime:
    """When the link expires: by the record if it says so, else as estimated before."""
    if record.lifetime is None:
        return verification.expires_at
    return links.link_created_at(verification) + timedelta(seconds=record.lifetime)


def after_decision(
    verification: Verification, check: Check, decision: "Decision", expires_at: datetime, *, is_started: bool
) -> int | None:
    """When the next check is due after one with this decision; None if no further check is needed.

    `is_started` tells whether the person has begun or returned.
    """
    end = expires_at.timestamp()
    if decision.status.is_final or verification.status.is_final:
        if decision.status is not Status.VERIFIED and check.call is CallClass.RETURN and verification.ended_links:
            # A return does not ask for the records of earlier links, because the person waits.
            return int(check.claimed_at.timestamp()) + schedule.FOLLOW_UP_SECONDS[0]
        # The person may have an attempt left at the vendor, so one more check follows the end of the link. No such
        # check follows a rejection found at the return, because that person has left the vendor's page.
        is_certain = decision.status.is_final and decision.is_certain
        may_change = not is_certain and (verification.status.is_final or check.call is not CallClass.RETURN)
        return int(end) + schedule.LATE_RESULT_SECONDS if may_change else None
    planned = schedule.next_check(
        check.claimed_at.timestamp(),
        expires_at=end,
        returned_at=verification.returned_at,
        checks=verification.checks,
        is_started=is_started,
    )
    return _not_delayed(verification, check, planned)


def after_contradiction(verification: Verification, check: Check) -> int:
    """When the next check is due after a contradictory record, which may be a temporary fault of the vendor."""
    return _not_delayed(verification, check, int(check.claimed_at.timestamp()) + schedule.FOLLOW_UP_SECONDS[0])


def _not_delayed(verification: Verification, check: Check, due_at: int) -> int:
    """A refresh never delays a planned check."""
    if check.call is CallClass.REFRESH and verification.due_at is not None:
        return min(due_at, verification.due_at)
    return due_at


def reason_if_unchanged(verification: Verification, decision: "Decision") -> str | None:
    """The reason code of a verification whose status a check did not change."""
    if verification.status.is_final:
        return verification.reason_code
    is_returned = verification.status is Status.PROCESSING
    return "not_begun" if is_returned and decision.status is Status.PENDING else decision.reason_code


def after_failure(
    verification: Verification, check: Check, failures: int, draw: schedule.Draw, *, vendor_failed: bool
) -> int | None:
    """When to check again after `failures` failed checks in a row, including this one.

    `vendor_failed`: the vendor did not respond usefully. Otherwise its response could not be stored.
    """
    now = check.claimed_at.timestamp()
    if check.call is CallClass.REFRESH and verification.due_at is not None:
        # If our storage failed, the claim's due time stays, so the response is soon fetched again.
        return _planned(verification, check) if vendor_failed else verification.due_at
    backed_off = schedule.after_failure(now, failures, draw)
    is_open = not verification.status.is_final
    if is_open and schedule.has_follow_up(now + schedule.MIN_CHECK_INTERVAL_SECONDS, verification.returned_at):
        planned = schedule.next_check(
            now,
            expires_at=verification.expires_at.timestamp(),
            returned_at=verification.returned_at,
            checks=verification.checks - 1,
            is_started=True,
        )
        return min(planned, backed_off) if planned > now else backed_off
    return backed_off


def _planned(verification: Verification, check: Check) -> int | None:
    """The due time that was planned before a refresh, or None.

    A final verification that only the refresh's claim made due does not stay due. Otherwise a flood of refreshes would
    use up the share of the scheduled checks.
    """
    return None if check.made_due and verification.status.is_final else verification.due_at


def after_limit(verification: Verification, check: Check, retry_after: int, draw: schedule.Draw) -> int | None:
    """When to check again if the rate limiter did not permit the vendor call."""
    if check.call is CallClass.REFRESH:
        return _planned(verification, check)
    wait = retry_after + draw(0, 10)
    return int(check.claimed_at.timestamp() + wait)
