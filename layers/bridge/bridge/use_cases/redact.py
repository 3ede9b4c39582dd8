"""The person's data goes, a tombstone stays."""

from datetime import timedelta

from bridge import schedule
from bridge.audit import Deed
from bridge.models import Caller, Verification
from bridge.observability import logger
from bridge.store import redaction
from bridge.use_cases.read import read
from bridge.wiring import Bridge


def redact(bridge: Bridge, caller: Caller, id: str) -> Verification:
    """Erases table and bucket at once; again changes nothing. An open verification expires by it.

    The audit trail comes last: nothing is to keep the data from being erased, and whoever is told that it could not be
    written sends the request again.
    """
    tombstone = None
    while tombstone is None:
        verification = read(bridge, caller.principal, id)
        now = bridge.now()
        due_at = int(now.timestamp()) + schedule.LATE_ERASURE
        tombstone = redaction.redact(bridge.table, verification, due_at=due_at, now=now)
    bridge.evidence.erase(id)
    bridge.audit.note(Deed.REDACTED, id, caller, bridge.now(), bridge.nonce())
    logger.info("verification_redacted", extra={"verification_id": id})
    return tombstone


def erase_late_evidence(bridge: Bridge, tombstone: Verification) -> None:
    """Erases what a completion put down that ran while its verification was redacted.

    Not before the last of them has ended: a message from before the redaction may come at once, and others still be at
    work. The tombstone stays due.
    """
    assert tombstone.redacted_at is not None, "a tombstone says since when it is one"
    if bridge.now() < tombstone.redacted_at + timedelta(seconds=schedule.IN_FLIGHT_SECONDS):
        return
    bridge.evidence.erase(tombstone.id)
    redaction.clear_due(bridge.table, tombstone.id)
