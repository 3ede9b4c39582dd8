"""Lists the verifications of a principal."""

from datetime import timedelta

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.links import MAX_VALID_FOR
from bridge.domain.listing import ListQuery
from bridge.domain.verification import Position, Verification
from bridge.store import listing
from bridge.store.listing import Selection


def list_verifications(
    deps: Dependencies, principal: str, query: ListQuery
) -> tuple[list[Verification], Position | None]:
    """A page of the principal's verifications, newest first, and the start of the next page."""
    if query.reference is not None:
        return listing.by_reference(deps.table, principal, query.reference, limit=query.limit, after=query.after)
    now = deps.now()
    # Nothing is kept for longer; an open verification ends within a week of its last link.
    oldest = now - timedelta(seconds=deps.settings.retention_seconds + MAX_VALID_FOR + schedule.LATE_PROOF_SECONDS)
    start, end = max(query.created_after or oldest, oldest), query.created_before or now
    wanted = Selection(start, min(end, now), query.status)
    return listing.by_created(deps.table, principal, wanted, limit=query.limit, after=query.after)
