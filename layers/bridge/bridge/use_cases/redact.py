"""The person's data goes, a tombstone stays."""

from datetime import timedelta

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.caller import Caller
from bridge.domain.verification import Verification
from bridge.observability import logger
from bridge.store import redaction
from bridge.store.audit_trail import AuditAction
from bridge.use_cases.read import read


def redact(deps: Dependencies, caller: Caller, id: str) -> Verification:
    """Erases table and bucket at once; again changes nothing. An open verification expires by it.

    The audit trail comes last: nothing is to keep the data from being erased, and whoever is told that it could not be
    written sends the request again.
    """
    tombstone = None
    while tombstone is None:
        verification = read(deps, caller.principal, id)
        now = deps.now()
        due_at = int(now.timestamp()) + schedule.LATE_ERASURE
        tombstone = redaction.redact(deps.table, verification, due_at=due_at, now=now)
    deps.evidence.delete(id)
    deps.results.delete(id)
    deps.audit.record(AuditAction.REDACTED, id, caller, deps.now(), deps.nonce())
    logger.info("verification_redacted", extra={"verification_id": id})
    return tombstone


def erase_late_evidence(deps: Dependencies, tombstone: Verification) -> None:
    """Erases what a completion put down that ran while its verification was redacted.

    Not before the last of them has ended: a message from before the redaction may come at once, and others still be at
    work. The tombstone stays due.
    """
    assert tombstone.redacted_at is not None, "a tombstone says since when it is one"
    if deps.now() < tombstone.redacted_at + timedelta(seconds=schedule.IN_FLIGHT_SECONDS):
        return
    deps.evidence.delete(tombstone.id)
    deps.results.delete(tombstone.id)
    redaction.clear_due(deps.table, tombstone.id)
