"""Reads for the principal that a verification belongs to, or for a caller that reads everybody's.

None of them calls the vendor, but refresh.
"""

import functools
import json
from typing import Any

from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller
from bridge.domain.errors import NotFound
from bridge.domain.ids import is_id
from bridge.domain.verification import Position, Verification
from bridge.observability import logger
from bridge.store import reading
from bridge.store.audit_trail import AuditAction
from bridge.use_cases.complete import check_on_refresh
from bridge.vendor import pictures
from bridge.vendor.response import read as read_answer


def read(deps: Dependencies, principal: str, id: str, *, reads_all: bool = False) -> Verification:
    """One read. Unknown and malformed ids, and another's unless the caller reads all, raise the same NotFound."""
    return owned(reading.get(deps.table, id) if is_id(id) else None, principal, reads_all=reads_all)


def find(
    deps: Dependencies, principal: str, reference: str, *, limit: int, after: Position | None
) -> tuple[list[Verification], Position | None]:
    """A page of the principal's verifications with that reference, newest first."""
    return reading.by_reference(deps.table, principal, reference, limit=limit, after=after)


def read_result(deps: Dependencies, verification: Verification, caller: Caller) -> Any:
    """All of the vendor's fields, or None. Pictures are links that work for a few minutes, and None once the evidence
    has expired.

    Nothing is given that does not stand in the audit trail.
    """
    if verification.evidence is None:
        return None
    result = deps.results.get(verification.id, verification.evidence.sha256)
    if result is None:
        return None
    deps.audit.record(AuditAction.RESULT_READ, verification.id, caller, deps.now(), deps.nonce())
    if not pictures.needs_evidence(result):
        return json.loads(result)
    raw = deps.evidence.get(verification.evidence)
    if raw is None:
        logger.info("evidence_gone", extra={"verification_id": verification.id})
        return pictures.without_links(result)
    fields = read_answer(raw).result
    return pictures.with_links(fields, functools.partial(deps.evidence.presigned_url, verification.id))


def refresh(deps: Dependencies, principal: str, id: str) -> Verification:
    """Asks the vendor now, unless it was asked within the last seconds. Raises what kept it from responding."""
    if not is_id(id):
        raise NotFound()
    checked = check_on_refresh(deps, id, principal)
    verification = owned(checked.verification, principal)
    if checked.error:
        raise checked.error
    return verification


def owned(verification: Verification | None, principal: str, *, reads_all: bool = False) -> Verification:
    if verification is None or verification.is_reservation or not (reads_all or verification.principal == principal):
        raise NotFound()
    return verification
