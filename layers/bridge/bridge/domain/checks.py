"""One check of a verification: what it is for, and when the next one is due. All due times are epoch seconds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.domain import schedule
from bridge.domain.decision import Decision, VendorRecord
from bridge.domain.verification import Status, Verification


class CallClass(StrEnum):
    """What a vendor call is for. Creates and returns come first, as a person waits for them."""

    CREATE = "create"
    RETURN = "return"
    BACKGROUND = "background"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a verification that was claimed at `claimed_at`."""

    call: CallClass
    claimed_at: datetime

    @property
    def is_counted(self) -> bool:
        return self.call is not CallClass.REFRESH


def end_of_link(verification: Verification, record: VendorRecord) -> datetime:
    if record.lifetime is None:
        return verification.expires_at
    return verification.created_at + timedelta(seconds=record.lifetime)


def after_decision(
    verification: Verification, check: Check, decision: Decision, expires_at: datetime, *, is_started: bool
) -> int | None:
    """Epoch seconds, or None if no further check is needed."""
    end = expires_at.timestamp()
    if decision.status.is_final or verification.status.is_final:
        # The person may have a try left at the vendor: once more when the link is over. One who returns with a new
        # rejection does not go on; a rejection that was found before may still be followed by a proof.
        is_result = decision.status.is_final and decision.is_certain
        is_open_end = not is_result and (verification.status.is_final or check.call is not CallClass.RETURN)
        return int(end) + schedule.LATE_RESULT if is_open_end else None
    planned = schedule.next_check(
        check.claimed_at.timestamp(),
        expires_at=end,
        returned_at=verification.returned_at,
        checks=verification.checks,
        is_started=is_started,
    )
    # A refresh puts no planned check off.
    is_extra = check.call is CallClass.REFRESH and verification.due_at is not None
    return min(planned, verification.due_at) if is_extra and verification.due_at else planned


def reason_of_open(verification: Verification, decision: Decision) -> str | None:
    """The reason that a status has which a check did not change."""
    if verification.status.is_final:
        return verification.reason_code
    is_returned = verification.status is Status.PROCESSING
    return "not_begun" if is_returned and decision.status is Status.PENDING else decision.reason_code


def after_failure(
    verification: Verification, check: Check, failures: int, draw: schedule.Draw, *, vendor_failed: bool
) -> int | None:
    """When to check again after `failures` in a row, this one included."""
    now = check.claimed_at.timestamp()
    if check.call is CallClass.REFRESH and verification.due_at is not None:
        # What the vendor said and could not be stored is fetched again.
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
    """The check that was planned before a refresh.

    What only its claim made due is not left to the scheduled checks: a flood of refreshes would use up their share.
    """
    is_planned = verification.due_at != int(check.claimed_at.timestamp()) + schedule.CLAIM_SECONDS
    return verification.due_at if is_planned or not verification.status.is_final else None


def after_limit(verification: Verification, check: Check, retry_after: int, draw: schedule.Draw) -> int | None:
    """When to try again what our share of the vendor's rate limit did not allow."""
    if check.call is CallClass.REFRESH:
        return _planned(verification, check)
    wait = retry_after + draw(0, 10)
    return int(check.claimed_at.timestamp() + wait)
