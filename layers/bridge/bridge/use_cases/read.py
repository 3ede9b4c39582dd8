"""Reads verifications for their principal, or for a caller that may read all. Only refresh calls the vendor."""

import functools
import json
from datetime import timedelta
from typing import Any

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.caller import Caller
from bridge.domain.errors import NotFound
from bridge.domain.ids import is_id
from bridge.domain.links import MAX_VALID_FOR
from bridge.domain.listing import ListQuery
from bridge.domain.verification import Position, Verification
from bridge.observability import logger
from bridge.store import listing, reading
from bridge.store.audit_trail import AuditAction
from bridge.store.listing import Selection
from bridge.use_cases.complete import check_on_refresh
from bridge.vendor import pictures
from bridge.vendor.response import parse


def read(deps: Dependencies, principal: str, id: str, *, reads_all: bool = False) -> Verification:
    """Reads a verification with one read of the table.

    Raises NotFound if the id is unknown or malformed, or belongs to another principal and `reads_all` is False.
    """
    return require_access(reading.get(deps.table, id) if is_id(id) else None, principal, reads_all=reads_all)


def list_verifications(
    deps: Dependencies, principal: str, query: ListQuery
) -> tuple[list[Verification], Position | None]:
    """A page of the principal's verifications, newest first, and the start of the next page."""
    if query.reference is not None:
        return reading.by_reference(deps.table, principal, query.reference, limit=query.limit, after=query.after)
    now = deps.now()
    # Nothing is kept for longer; an open verification ends within a week of its last link.
    oldest = now - timedelta(seconds=deps.settings.retention + MAX_VALID_FOR + schedule.LATE_PROOF)
    start, end = max(query.created_after or oldest, oldest), query.created_before or now
    wanted = Selection(start, min(end, now), query.status)
    return listing.by_created(deps.table, principal, wanted, limit=query.limit, after=query.after)


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


def refresh(deps: Dependencies, principal: str, id: str) -> Verification:
    """Checks with the vendor now, unless the last check was a moment ago.

    Raises NotFound, or the VendorError or StorageUnavailable of a failed check.
    """
    if not is_id(id):
        raise NotFound()
    checked = check_on_refresh(deps, id, principal)
    verification = require_access(checked.verification, principal)
    if checked.error:
        raise checked.error
    return verification


def require_access(verification: Verification | None, principal: str, *, reads_all: bool = False) -> Verification:
    if verification is None or verification.is_reservation or not (reads_all or verification.principal == principal):
        raise NotFound()
    return verification
