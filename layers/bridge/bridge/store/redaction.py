"""Redaction: removes all personal data from a row, and leaves a tombstone."""

import contextlib
from datetime import datetime
from typing import Any

from bridge.domain.verification import HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import due_attributes
from bridge.store.table import NOT_REDACTED, ConditionFailed, Table

# Attributes with personal data, or with access to it. The fingerprint is one because guessed references can be tested
# against it.
_PERSONAL = (
    "redirect_url",
    "reference",
    "reference_key",
    "metadata",
    "code",
    "token",
    "url",
    "ended_links",
    "evidence",
    "fingerprint",
    "has_expected",
    "matches",
    "locale",
)


def redact(table: Table, verification: Verification, *, due_at: int, now: datetime) -> Verification | None:
    """Turns the verification into a tombstone, which is due once more so that late evidence is deleted too.

    Returns None if the verification has changed. Read it again, and repeat the call.
    """
    changes: dict[str, Any] = {
        "redacted_at": timestamp(now),
        "ttl": int(now.timestamp()) + table.retention_seconds,
        **due_attributes(verification.id, due_at),
        **dict.fromkeys(_PERSONAL),
    }
    entry = HistoryEntry(verification.status, now, verification.reason_code, is_redaction=True)
    if not verification.status.is_final:
        changes |= {"status": Status.EXPIRED.value, "reason_code": "redacted", "updated_at": timestamp(now)}
        entry = HistoryEntry(Status.EXPIRED, now, "redacted", is_redaction=True)
    try:
        return table.update(
            verification.id,
            condition=f"{NOT_REDACTED} AND #sequence > :zero AND #status = :status",
            values={":zero": 0, ":status": verification.status.value},
            set=changes,
            advance=entry,
        )
    except ConditionFailed as failed:
        existing = failed.existing
        return existing if existing and existing.redacted_at else None


def clear_due(table: Table, id: str) -> None:
    """Removes the due time of a tombstone."""
    # If the condition fails, the tombstone has expired.
    with contextlib.suppress(ConditionFailed):
        table.update(id, condition="attribute_exists(#redacted_at)", values={}, set=due_attributes(id, None))
