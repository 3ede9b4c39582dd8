"""What is due, one by one: people who have not returned, abandoned reservations, tombstones."""

from datetime import datetime

from bridge import schedule
from bridge.aws.due_queue import DueMessage
from bridge.errors import StorageUnavailable
from bridge.ids import is_id
from bridge.models import Status, Verification
from bridge.observability import logger
from bridge.store import creation, reading
from bridge.store.completion import LATE_PROOF
from bridge.store.rows import UnreadableRow
from bridge.use_cases.complete import check_on_schedule
from bridge.use_cases.redact import erase_late_evidence
from bridge.wiring import Bridge


def finalize(bridge: Bridge, message: DueMessage) -> None:
    """Does what is due for a verification. A failure of the vendor is none here: the verification stays due."""
    if not is_id(message.id):
        raise ValueError("the message names no verification")
    try:
        checked = check_on_schedule(bridge, message.id, message.due_at)
        if checked.verification is None or checked.is_claimed:
            return
        if message.due_at in (checked.verification.due_at, None):
            _finish(bridge, checked.verification, message)
    except UnreadableRow as unreadable:
        # Sent again it would fail again.
        reading.set_aside(bridge.table, unreadable, bridge.now())


def _finish(bridge: Bridge, verification: Verification, message: DueMessage) -> None:
    """For what is due and cannot be claimed."""
    if verification.is_reservation:
        _finish_reservation(bridge, verification)
    elif verification.redacted_at:
        erase_late_evidence(bridge, verification)
    elif _is_settled(verification, bridge.now()):
        if verification.due_at is not None:
            reading.clear_due(bridge.table, verification)
    elif _was_just_checked(bridge, verification):
        # By a refresh, say, which leaves the planned check to us.
        again = DueMessage(message.id, message.due_at, delay=schedule.MIN_CHECK_INTERVAL_SECONDS)
        for code in bridge.due_queue.send([again]).values():
            raise StorageUnavailable("SendMessageBatch", code)


def _finish_reservation(bridge: Bridge, reservation: Verification) -> None:
    """Whoever made it failed between the reservation and the link. A retry may take it up for a while."""
    ends_at = int(reservation.created_at.timestamp()) + schedule.RESERVATION
    if bridge.now().timestamp() < ends_at and reservation.due_at is not None:
        reading.claim_due(bridge.table, reservation.id, reservation.due_at, until=ends_at)
    elif creation.fail(bridge.table, reservation.id, bridge.now()):
        logger.warning(
            "status_changed", extra={"verification_id": reservation.id, "status": Status.FAILED, "sequence": 1}
        )


def _is_settled(verification: Verification, now: datetime) -> bool:
    """Whether the vendor is not asked about it any more, as completion's claims refuse."""
    if verification.status is Status.VERIFIED:
        return True
    return verification.status.is_final and verification.expires_at <= now - LATE_PROOF


def _was_just_checked(bridge: Bridge, verification: Verification) -> bool:
    """With slack: the time of the claim that was refused was a little earlier."""
    since = bridge.now().timestamp() - (verification.claimed_at or 0) / 1000
    return since < schedule.MIN_CHECK_INTERVAL_SECONDS + schedule.CLAIM_SECONDS
