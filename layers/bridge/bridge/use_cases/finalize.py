"""Handles one message of the queue: a due check, an abandoned reservation, or a tombstone."""

from datetime import datetime, timedelta

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.domain.ids import is_id
from bridge.domain.verification import Status, Verification
from bridge.observability import log_status
from bridge.store import creation, due, start_links
from bridge.store.rows import UnreadableRow
from bridge.use_cases.complete import check_on_schedule, erase_expected
from bridge.use_cases.redact import erase_late_evidence


def finalize(deps: Dependencies, message: DueMessage) -> None:
    """Does what is due for a verification. Raises ValueError if the message has no valid id.

    A failure of the vendor is not raised, because the verification stays due.
    """
    if not is_id(message.id):
        raise ValueError("the message has no verification id")
    try:
        checked = check_on_schedule(deps, message.id, message.due_at)
        if checked.verification is None or checked.is_claimed:
            return
        if message.due_at in (checked.verification.due_at, None):
            _finish(deps, checked.verification, message)
    except UnreadableRow as unreadable:
        # Not raised: a retry of the message would fail again.
        due.set_aside(deps.table, unreadable, deps.now())


def _finish(deps: Dependencies, verification: Verification, message: DueMessage) -> None:
    """Handles a verification that is due, but cannot be claimed for a check."""
    if verification.is_reservation:
        _finish_reservation(deps, verification)
    elif verification.redacted_at:
        erase_late_evidence(deps, verification)
    elif verification.token is None:
        _report_end(deps, start_links.expire_without_link(deps.table, verification.id, deps.now()))
    elif _is_settled(verification, deps.now()):
        if verification.due_at is not None:
            erase_expected(deps, verification)
            due.clear_due(deps.table, verification)
    elif _was_just_checked(deps, verification):
        # A refresh, for example, does not replace the planned check. Delay that check.
        again = DueMessage(message.id, message.due_at, delay=schedule.MIN_CHECK_INTERVAL_SECONDS)
        for code in deps.due_queue.send([again]).values():
            raise StorageUnavailable("SendMessageBatch", code)


def _finish_reservation(deps: Dependencies, reservation: Verification) -> None:
    """Fails a reservation whose request crashed before the link was stored, once no retry may take it over."""
    ends_at = int(reservation.created_at.timestamp()) + schedule.RESERVATION_SECONDS
    if deps.now().timestamp() < ends_at and reservation.due_at is not None:
        due.claim_due(deps.table, reservation.id, reservation.due_at, until=ends_at)
    else:
        _report_end(deps, creation.fail_abandoned(deps.table, reservation, deps.now()))


def _report_end(deps: Dependencies, ended: Verification | None) -> None:
    """Logs that a verification ended without a check, and erases what its caller expected."""
    if ended:
        log_status(ended)
        erase_expected(deps, ended)


def _is_settled(verification: Verification, now: datetime) -> bool:
    """Whether no further check can change it. The conditions of `store.claims` agree with this."""
    if verification.status is Status.VERIFIED:
        return True
    is_too_late = verification.expires_at <= now - timedelta(seconds=schedule.LATE_PROOF_SECONDS)
    return verification.status.is_final and is_too_late


def _was_just_checked(deps: Dependencies, verification: Verification) -> bool:
    """Whether a recent check prevented the claim. Has tolerance, because the claim was attempted a little earlier."""
    since = deps.now().timestamp() - (verification.claimed_at or 0) / 1000
    return since < schedule.MIN_CHECK_INTERVAL_SECONDS + schedule.CLAIM_SECONDS
