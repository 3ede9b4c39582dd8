"""What is due, one by one: people who never come back, reservations whose maker died, tombstones."""

from datetime import datetime

from bridge.ids import is_id
from bridge.models import Status, Verification
from bridge.observability import logger
from bridge.store import creation, reading
from bridge.store.completion import LATE_PROOF
from bridge.store.rows import UnreadableRow
from bridge.use_cases.complete import complete
from bridge.use_cases.redact import erase_late_evidence
from bridge.wiring import Bridge


def finalize(bridge: Bridge, id: str) -> None:
    """Does what is due for a verification. A fault of the vendor's is no fault here: it comes due again by itself."""
    if not is_id(id):
        raise ValueError("the message names no verification")
    bridge.pace.wait()
    try:
        _finish(bridge, id)
    except UnreadableRow as unreadable:
        # Sent again it would fail again.
        reading.set_aside(bridge.table, unreadable, bridge.now())


def _finish(bridge: Bridge, id: str) -> None:
    verification = complete(bridge, id, is_awaited=False).verification
    if verification is None:
        return
    if verification.is_reservation:
        if creation.fail(bridge.table, id, bridge.now()):
            # Whoever made it failed between the reservation and the link.
            logger.warning("status_changed", extra={"verification_id": id, "status": Status.FAILED, "sequence": 1})
    elif verification.redacted_at:
        erase_late_evidence(bridge, verification)
    elif verification.due_at is not None and _is_settled(verification, bridge.now()):
        reading.clear_due(bridge.table, verification)


def _is_settled(verification: Verification, now: datetime) -> bool:
    """Whether the vendor is asked about it no more, as completion.claim refuses."""
    if verification.status is Status.VERIFIED:
        return True
    return verification.status.is_final and verification.expires_at <= now - LATE_PROOF
