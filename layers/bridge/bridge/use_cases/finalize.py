"""What is due, one by one: people who never come back, reservations whose maker died, tombstones."""

from bridge.ids import is_id
from bridge.models import Status
from bridge.observability import logger
from bridge.store import creation
from bridge.use_cases.complete import complete
from bridge.use_cases.redact import erase_late_evidence
from bridge.wiring import Bridge


def finalize(bridge: Bridge, id: str) -> None:
    """Does what is due for a verification. A fault of the vendor's is no fault here: it comes due again by itself."""
    if not is_id(id):
        raise ValueError("the message names no verification")
    bridge.pace.wait()
    verification = complete(bridge, id, is_awaited=False).verification
    if verification is None:
        return
    if verification.is_reservation:
        if creation.fail(bridge.table, id, bridge.now()):
            # Whoever made it failed between the reservation and the link.
            logger.warning("status_changed", extra={"verification_id": id, "status": Status.FAILED, "sequence": 1})
    elif verification.redacted_at:
        erase_late_evidence(bridge, verification)
