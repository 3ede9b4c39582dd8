"""What the bridge talks about: the request for a link, the verification, the vendor's record."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

# Where a page of a list begins: created_at as it is stored, and the id.
Position = tuple[str, str]


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    VERIFIED = "verified"

    @property
    def rank(self) -> int:
        """A status only rises in rank; the middle three are equals."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        return self.rank >= _RANKS[Status.EXPIRED]

    @property
    def lower_ones(self) -> tuple["Status", ...]:
        """The statuses from which this one may be reached."""
        return tuple(other for other in Status if other.rank < self.rank)


_RANKS = {
    Status.PENDING: 0,
    Status.PROCESSING: 1,
    Status.REJECTED: 2,
    Status.FAILED: 2,
    Status.EXPIRED: 2,
    Status.VERIFIED: 3,
}


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A checked body of `POST /verifications`."""

    type: str
    id_country: str
    id_type: str
    redirect_url: str
    reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the request: equal for equal requests, whatever the order of their fields was."""
        fields = [self.type, self.id_country, self.id_type, self.redirect_url, self.reference]
        canonical = json.dumps([fields, sorted(self.metadata.items())])
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the vendor's bytes lie, and what shows that they are the same: `size` in bytes before compression."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One advance of a verification. Its place in the history, counted from 1, is the sequence that it led to."""

    status: Status
    at: datetime
    reason_code: str | None = None
    evidence_sha256: str | None = None
    is_redaction: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """One verification as it is in the table. Times are in UTC; integers are epoch seconds, `claimed_at` milliseconds.

    `last_contact_at` is the last check before this claim in which the vendor may have responded; 0 if there was none.
    `returned_at` is the return that the next checks follow, `checks` how many checks counted (see bridge.schedule).
    With `sequence` 0 it is a reservation: the vendor has been asked for a link, and nobody has got it yet.
    """

    id: str
    principal: str
    status: Status
    sequence: int
    type: str
    id_country: str
    id_type: str
    redirect_url: str | None
    reference: str | None
    metadata: Mapping[str, str]
    code: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    fingerprint: str | None
    attempt: str
    reason_code: str | None = None
    token: str | None = None
    url: str | None = None
    lease_until: int | None = None
    due_at: int | None = None
    claimed_at: int | None = None
    claimed_by: str | None = None
    returned_at: int | None = None
    checks: int = 0
    failures: int = 0
    last_contact_at: int = 0
    evidence: Evidence | None = None
    redacted_at: datetime | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def is_reservation(self) -> bool:
        return self.sequence == 0

    def link_is_usable(self, now: datetime) -> bool:
        return self.url is not None and not self.status.is_final and now < self.expires_at


def timestamp(time: datetime) -> str:
    """`2026-01-31T08:16:31.000Z`: sorts as it reads."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
