"""Deletes a person's data, and leaves a tombstone."""

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
    """Deletes the person's data from the table and the bucket. An open verification becomes expired.

    A repeated call leaves the verification unchanged. The audit entry is written last, so that its
    failure does not prevent the deletion; the caller then gets an error and repeats the request.

    Raises NotFound, or StorageUnavailable.
    """
    tombstone = None
    while tombstone is None:
        verification = read(deps, caller.principal, id)
        now = deps.now()
        due_at = int(now.timestamp()) + schedule.LATE_ERASURE_SECONDS
        tombstone = redaction.redact(deps.table, verification, due_at=due_at, now=now)
    deps.evidence.delete(id)
    deps.results.delete(id)
    deps.audit.record(AuditAction.REDACTED, id, caller, deps.now(), deps.nonce())
    logger.info("verification_redacted", extra={"verification_id": id})
    return tombstone


def erase_late_evidence(deps: Dependencies, tombstone: Verification) -> None:
    """Deletes evidence that a check stored while its verification was redacted.

    Does nothing, and leaves the tombstone due, until every check that began before the redaction has ended. A message
    from before the redaction may arrive earlier.
    """
    assert tombstone.redacted_at is not None, "a tombstone says since when it is one"
    if deps.now() < tombstone.redacted_at + timedelta(seconds=schedule.IN_FLIGHT_SECONDS):
        return
    deps.evidence.delete(tombstone.id)
    deps.results.delete(tombstone.id)
    redaction.clear_due(deps.table, tombstone.id)
