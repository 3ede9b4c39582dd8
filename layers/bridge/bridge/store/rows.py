"""Converts between a Verification and an item of the table. None values are left out, and so are not indexed.

Attributes for the table only:

- `history` has one entry for each advance of `sequence`, written with it. `advanced` is there only after such a write,
  so the stream's filter passes no other.
- The keys of the indexes: `store.index_keys`.
- `ttl`: epoch seconds, only on final records.
- `contact_started_at`: epoch seconds of the last claim, unless its vendor call is known to have failed.
"""

from datetime import UTC, datetime
from typing import Any

from bridge.domain.identity import Matches
from bridge.domain.verification import EndedLink, Evidence, HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import due_attributes
from bridge.store.items import Item, from_item, to_item


class UnreadableRow(Exception):
    """A row is damaged, or was written by a newer version. The error contains no value but the id."""

    def __init__(self, verification_id: str) -> None:
        super().__init__("a row of the table cannot be read")
        self.verification_id = verification_id


def history_entry(entry: HistoryEntry) -> dict[str, Any]:
    values = {
        "status": entry.status.value,
        "at": timestamp(entry.at),
        "reason_code": entry.reason_code,
        "evidence_sha256": entry.evidence_sha256,
        "redacted": entry.is_redaction or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def to_row(verification: Verification) -> Item:
    """The item of a new reservation."""
    v = verification
    return to_item(
        {
            "id": v.id,
            "principal": v.principal,
            "status": v.status.value,
            "sequence": v.sequence,
            "type": v.type,
            "id_country": v.id_country,
            "id_type": v.id_type,
            "redirect_url": v.redirect_url,
            "reference": v.reference,
            "metadata": dict(v.metadata),
            "code": v.code,
            "created_at": timestamp(v.created_at),
            "updated_at": timestamp(v.updated_at),
            "expires_at": timestamp(v.expires_at),
            "fingerprint": v.fingerprint,
            "attempt": v.attempt,
            "lease_until": v.lease_until,
            **due_attributes(v.id, v.due_at),
            "checks": v.checks,
            "has_expected": v.has_expected or None,
            "valid_until": timestamp(v.valid_until) if v.valid_until else None,
            "locale": v.locale,
        }
    )


def from_row(item: Item) -> Verification:
    """The verification in an item. Raises UnreadableRow, also if its events could not be made."""
    row = from_item(item)
    try:
        return _verification(row)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        raise UnreadableRow(str(row.get("id"))) from None


def _verification(row: dict[str, Any]) -> Verification:
    return Verification(
        id=_text(row["id"]),
        principal=_text(row["principal"]),
        status=Status(row["status"]),
        sequence=int(row["sequence"]),
        type=_text(row["type"]),
        id_country=row["id_country"],
        id_type=row["id_type"],
        redirect_url=row.get("redirect_url"),
        reference=_optional_text(row.get("reference")),
        metadata=row.get("metadata", {}),
        code=row.get("code"),
        created_at=_utc(row["created_at"]),
        updated_at=_utc(row["updated_at"]),
        expires_at=_utc(row["expires_at"]),
        fingerprint=row.get("fingerprint"),
        attempt=row["attempt"],
        reason_code=_optional_text(row.get("reason_code")),
        token=row.get("token"),
        url=row.get("url"),
        lease_until=_number(row.get("lease_until")),
        due_at=_number(row.get("due_at")),
        claimed_at=_number(row.get("claimed_at")),
        claimed_by=row.get("claimed_by"),
        returned_at=_number(row.get("returned_at")),
        checks=int(row.get("checks", 0)),
        failures=int(row.get("failures", 0)),
        earlier_failures=int(row.get("earlier_failures", 0)),
        contradictory_records=int(row.get("contradictory_records", 0)),
        last_contact_at=int(row.get("last_contact_at", 0)),
        evidence=_evidence(row.get("evidence")),
        redacted_at=_time(row.get("redacted_at")),
        has_expected=row.get("has_expected", False),
        matches=_matches(row.get("matches")),
        valid_until=_time(row.get("valid_until")),
        link_created_at=_time(row.get("link_created_at")),
        link_outcome=row.get("link_outcome"),
        ended_links=tuple(_ended_link(link) for link in row.get("ended_links", [])),
        locale=row.get("locale"),
        history=tuple(_history_entry(entry) for entry in row.get("history", [])),
    )


def _history_entry(value: dict[str, Any]) -> HistoryEntry:
    return HistoryEntry(
        status=Status(value["status"]),
        at=_utc(value["at"]),
        reason_code=_optional_text(value.get("reason_code")),
        evidence_sha256=_optional_text(value.get("evidence_sha256")),
        is_redaction=value.get("redacted", False),
    )


def ended_link(link: EndedLink) -> dict[str, Any]:
    return {
        "token": link.token,
        "created_at": timestamp(link.created_at),
        "expires_at": timestamp(link.expires_at),
        "outcome": link.outcome,
    }


def _ended_link(value: dict[str, Any]) -> EndedLink:
    created_at, expires_at = (_utc(value[name]) for name in ("created_at", "expires_at"))
    return EndedLink(value["token"], created_at, expires_at, value["outcome"])


def _utc(value: str) -> datetime:
    """Raises OverflowError for a time that UTC does not have, such as the first morning of the year 1 east of it."""
    return datetime.fromisoformat(value).astimezone(UTC)


def _time(value: Any) -> datetime | None:
    return None if value is None else _utc(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _matches(value: Any) -> Matches | None:
    return None if value is None else Matches(value.get("name"), value.get("id_number"), value.get("birthday"))


def _evidence(value: Any) -> Evidence | None:
    return None if value is None else Evidence(value["key"], value["sha256"], int(value["size"]))
