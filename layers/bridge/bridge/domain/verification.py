"""The request for a link, and the verification with its status and evidence."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from bridge.domain.identity import Identity, Matches

# The start of a page of a list: (created_at as stored, id).
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
        """A verification only advances to a higher rank. `rejected`, `failed` and `expired` have the same rank."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        return self.rank >= _RANKS[Status.EXPIRED]

    @property
    def lower_ones(self) -> tuple["Status", ...]:
        """The statuses that may advance to this one."""
        return tuple(other for other in Status if other.rank < self.rank)


_RANKS = {
    Status.PENDING: 0,
    Status.PROCESSING: 1,
    Status.REJECTED: 2,
    Status.FAILED: 2,
    Status.EXPIRED: 2,
    Status.VERIFIED: 3,
}


class LinkRequest(NamedTuple):
    """A valid body of `POST /verifications`.

    valid_for: seconds in which the start page makes links; None if the link is made at once.
    locale: the name of a language that the bridge has.
    """

    type: str
    id_country: str
    id_type: str
    redirect_url: str | None = None
    reference: str | None = None
    metadata: Mapping[str, str] = MappingProxyType({})
    expected: Identity | None = None
    valid_for: int | None = None
    locale: str | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the request without `expected`. It does not depend on the order of the fields.

        A name could be guessed and tested against it.
        """
        fields = [self.type, self.id_country, self.id_type, self.redirect_url, self.reference]
        # Only if they are there, so that other requests have the fingerprints that older versions stored.
        if self.locale is not None:
            fields.append(self.locale)
        on_open = [] if self.valid_for is None else [{"valid_for": self.valid_for}]
        canonical = json.dumps([fields, sorted(self.metadata.items()), *on_open])
        return hashlib.sha256(canonical.encode()).hexdigest()


class Evidence(NamedTuple):
    """The S3 key of the vendor's response, and its SHA-256 and size in bytes, both before compression."""

    key: str
    sha256: str
    size: int


class EndedLink(NamedTuple):
    """A vendor's link that ended without a result. `outcome` is the code of the reason."""

    token: str
    created_at: datetime
    expires_at: datetime
    outcome: str


class HistoryEntry(NamedTuple):
    """One advance of a verification. Its place in the history, counted from 1, is the sequence that it led to."""

    status: Status
    at: datetime
    reason_code: str | None = None
    evidence_sha256: str | None = None
    is_redaction: bool = False


class Verification(NamedTuple):
    """A verification as stored in the table. Times are UTC; integer times are epoch seconds, `claimed_at` milliseconds.

    sequence: number of status changes and redactions; 0 is a reservation, whose link nobody has received yet.
    returned_at: the return that the follow-up checks refer to.
    checks: checks that count towards schedule.MAX_CHECKS.
    failures: failed checks in a row.
    earlier_failures: checks that failed at the record of an earlier link, since the last one that did not fail.
    contradictory_records: checks in a row, after the end of the link, that found a contradictory record.
    has_expected: the caller said whom they expect. Who that is stands in a table of its own, until it is compared.
    matches: how the document compared with it; None before the end, or if there was no record to compare.
    valid_until: until when the start page makes links; None if the link was made at once.
    expires_at: the end of the link; valid_until before there is one.
    link_created_at: when the start page made the current link.
    link_outcome: why the current link ended without a result; None while it may have one.
    ended_links: the links before the current one.
    locale: the language of its texts for the person; None for English in the API, and the browser's language on pages.
    last_contact_at: the last check before this claim in which the vendor may have responded; 0 if there was none.
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
    earlier_failures: int = 0
    contradictory_records: int = 0
    last_contact_at: int = 0
    evidence: Evidence | None = None
    redacted_at: datetime | None = None
    has_expected: bool = False
    matches: Matches | None = None
    valid_until: datetime | None = None
    link_created_at: datetime | None = None
    link_outcome: str | None = None
    ended_links: tuple[EndedLink, ...] = ()
    locale: str | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def is_reservation(self) -> bool:
        return self.sequence == 0

    @property
    def ends_at(self) -> datetime:
        """When nobody can finish it any more: at the end of its link, or when no other link may be made."""
        return max(self.expires_at, self.valid_until or self.expires_at)

    def link_is_usable(self, now: datetime) -> bool:
        return self.url is not None and not self.status.is_final and now < self.expires_at


def timestamp(time: datetime) -> str:
    """`2026-01-31T08:16:31.000Z`. The text sorts by time."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
