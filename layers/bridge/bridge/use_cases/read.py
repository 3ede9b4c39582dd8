"""Reads a verification for its principal, or for a caller that may read all. The vendor is not called."""

import functools
import json
from typing import Any

from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller
from bridge.domain.errors import NotFound
from bridge.domain.ids import is_id
from bridge.domain.verification import Verification
from bridge.observability import logger
from bridge.store import reading
from bridge.store.audit_trail import AuditAction
from bridge.vendor import pictures
from bridge.vendor.response import parse


def read(deps: Dependencies, principal: str, id: str, *, reads_all: bool = False) -> Verification:
    """Reads a verification with one read of the table.

    Raises NotFound if the id is unknown or malformed, or belongs to another principal and `reads_all` is False.
    """
    return require_access(reading.get(deps.table, id) if is_id(id) else None, principal, reads_all=reads_all)


def read_result(deps: Dependencies, verification: Verification, caller: Caller) -> Any:
    """The vendor's fields, with short-lived links in place of pictures; None if there is no result.

    A picture is None if the evidence has expired. The read is recorded in the audit trail before it returns anything.
    Raises StorageUnavailable.
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
    fields = parse(raw).result
    return pictures.with_links(fields, functools.partial(deps.evidence.presigned_url, verification.id))


def require_access(verification: Verification | None, principal: str, *, reads_all: bool = False) -> Verification:
    if verification is None or verification.is_reservation or not (reads_all or verification.principal == principal):
        raise NotFound()
    return verification
