"""The person's data goes, a tombstone stays."""

from bridge import schedule
from bridge.models import Verification
from bridge.observed import logger
from bridge.store import redaction
from bridge.use_cases.read import read
from bridge.wiring import Bridge


def redact(bridge: Bridge, principal: str, id: str) -> Verification:
    """Erases table and bucket at once; again changes nothing. An open verification expires by it."""
    tombstone = None
    while tombstone is None:
        verification = read(bridge, principal, id)
        now = bridge.now()
        due_at = int(now.timestamp()) + 2 * schedule.CLAIM
        tombstone = redaction.redact(bridge.table, verification, due_at=due_at, now=now)
    bridge.evidence.erase(id)
    logger.info("redacted", extra={"verification_id": id})
    return tombstone


def erase_late_evidence(bridge: Bridge, tombstone: Verification) -> None:
    """Erases what a completion put down that ran while its verification was redacted."""
    bridge.evidence.erase(tombstone.id)
    redaction.settle(bridge.table, tombstone.id)
