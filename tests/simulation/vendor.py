"""A simulated vendor: links, people's steps on them, and the records that it sends. Invariants compare with its state.

Records and checks come from the fake vendor. Personal and secret values in them have the marker.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.sandbox.vendor import checks, codes
from tests.sandbox.vendor.limit import RATE_LIMIT_PER_MINUTE, RateLimit
from tests.sandbox.vendor.record_variants import CONTRADICTING, EQUIVALENT, FOREIGN, TIMELESS, VARIANTS
from tests.sandbox.vendor.records import Record, new_record, timestamp
from tests.sandbox.vendor.responses import envelope

from .leaks import MARKER

# Seconds.
USUAL_LIFETIME = 900.0
_DOCUMENT_CODES = (*codes.OCR_CODES, "-9110")
_MACHINERY_CODES = (*codes.VENDOR_ERROR_CODES, codes.UNKNOWN_CODE)
_PASSED = {"ocr_success": 1, "face_id_success": 1, "is_success": 1, "latest_error": None}
_UNREADABLE = {
    "html": b"<html>Bad Gateway</html>",
    "empty": b"",
    "list": b"[]",
    "result_list": b'{"status": 200, "result": []}',
    "inner_500": b'{"status": 500, "message": "no"}',
    "inner_429": b'{"status": 429, "message": "no"}',
}
# The faults that change the body.
_BODY_FAULTS = {*_UNREADABLE, *CONTRADICTING, "wrong_kinds", "missing_flag", "truncated"}


@dataclass(slots=True)
class Link:
    """One link. `created` and `expires` are true times; `sent` has all records that were sent, by SHA-256."""

    token: str
    return_url: str
    created: float
    expires: float
    record: Record
    # The variant of its records: a name in VARIANTS, or "".
    variant: str
    is_inconsistent: bool = False
    # Whether all of its records are unreadable.
    is_broken: bool = False
    # The invocation that created it.
    by: Any = None
    # Whether the record does not have the person's last step yet.
    is_storing: bool = False
    changed: float = 0.0
    sent: dict[str, bytes] = field(default_factory=dict)
    success_records: set[str] = field(default_factory=set)
    # The times at which a valid record was sent.
    record_times: list[float] = field(default_factory=list)
    # The times at which a record was sent that proves nothing.
    unusable_times: list[float] = field(default_factory=list)
    # The times of records that contradict the request; the SHA-256 of records that may be another person's.
    contradiction_times: list[float] = field(default_factory=list)
    foreign_records: set[str] = field(default_factory=set)

    @property
    def succeeded(self) -> bool:
        passed = self.record["ocr_success"] and (self.record["type"] == "01" or self.record["face_id_success"])
        return bool(self.record["is_success"] and passed)

    @property
    def started(self) -> bool:
        return checks.is_started(self.record)

    @property
    def is_finished(self) -> bool:
        """Whether no further step is possible."""
        return self.is_inconsistent or checks.is_finished(self.record)


class Vendor:
    """`lifetime` and `skew` (the error of its clock) are in seconds; `later(seconds, action)` calls the action then."""

    def __init__(
        self,
        now: Callable[[], float],
        later: Callable[[float, Callable[[], object]], None],
        rng: random.Random,
        *,
        lifetime: float,
        skew: float,
    ) -> None:
        self._now = now
        self._later = later
        self._rng = rng
        self._lifetime = lifetime
        self._skew = skew
        # If the lifetime differs from the bridge's setting, the records have to contain it.
        self._variants = [name for name in EQUIVALENT if lifetime == USUAL_LIFETIME or name not in TIMELESS]
        self.links: dict[str, Link] = {}
        self.secret = f"sk_{MARKER}_0"
        self._limit = RateLimit(RATE_LIMIT_PER_MINUTE, now)
        self.call_times: list[float] = []
        # The tokens of requests with a cookie; "" for a request that creates a link.
        self.cookies: list[str] = []
        # The probability that all records of a link are unreadable.
        self.broken = 0.0

    def is_over_limit(self) -> bool:
        """Counts a call; True if it exceeds the limit of its minute."""
        self.call_times.append(self._now())
        return not self._limit.allows()

    def rotate(self) -> None:
        self.secret = f"sk_{MARKER}_{self._rng.randrange(10**6)}"

    def create(self, fields: dict[str, str], fault: str | None = None, by: Any = None) -> bytes:
        """Creates a link; returns the body of the response to POST. `by` is the invocation that calls."""
        token, now = f"{MARKER}{self._rng.randrange(36**16):020d}", self._now()
        record = new_record(
            len(self.links) + 1, token, fields, "https://ekyc.example", now + self._skew, self._lifetime
        )
        variant = self._rng.choice(self._variants) if self._rng.random() < 0.4 else ""
        self.links[token] = Link(token, fields["redirect_url"], now, now + self._lifetime, record, variant, by=by)
        self.links[token].is_broken = self._rng.random() < self.broken
        result = {"url": record["url"], "token": token}
        if fault == "wrong_kinds":
            result["url"] = 7
        elif fault in ("missing_flag", "token_missing"):
            del result["token"]
        elif fault == "other_token":
            result["token"] = ".."
        return _cut(envelope(result), fault)

    def get(self, link: Link, fault: str | None = None) -> bytes:
        """Returns the body of the response to GET."""
        record = link.record
        if fault in CONTRADICTING:
            # Each such record claims that the person passed everything.
            record = VARIANTS[fault]({**record, **_PASSED})
        elif fault == "wrong_kinds":
            record = {**VARIANTS[fault](record), "url": 7}
        elif link.variant:
            # Unknown fields may contain secrets, too.
            marked = {"session": MARKER} if link.variant == "unknown_fields" else {}
            record = VARIANTS[link.variant](record) | marked
        if fault == "missing_flag":
            inner = record.get("verification", record)
            record = {name: value for name, value in inner.items() if name != "ocr_success"}
        body = _cut(json.dumps({"status": 200, "result": record}, ensure_ascii=False).encode(), fault)
        sha256 = hashlib.sha256(body).hexdigest()
        link.sent[sha256] = body
        if fault is None:
            # With a fault the bridge may not get the record.
            link.record_times.append(self._now())
        if fault in _BODY_FAULTS:
            link.unusable_times.append(self._now())
        elif link.succeeded:
            link.success_records.add(sha256)
        if fault in CONTRADICTING:
            link.contradiction_times.append(self._now())
        if fault in FOREIGN:
            link.foreign_records.add(sha256)
        return body

    def attempt(self, token: str, *, passes: bool, inconsistent: bool = False, stored_after: float = 0.0) -> bool:
        """Makes the person's next step, OCR or face, which the record shows after `stored_after` seconds. False if the
        link is over, or has no step left."""
        link = self.links[token]
        if self._now() >= link.expires or link.is_finished or link.is_storing:
            return False
        if stored_after:
            link.is_storing = True
            self._later(stored_after, partial(self._store, link, passes, inconsistent))
        else:
            self._store(link, passes, inconsistent)
        return True

    def _store(self, link: Link, passes: bool, inconsistent: bool) -> None:
        link.is_storing = False
        record = link.record
        if record["ocr_success"]:
            checks.attempt_face(record, self._choice(codes.FACE_CODES, passes))
        else:
            checks.attempt_ocr(record, self._choice(_DOCUMENT_CODES, passes))
        self._mark(record)
        if inconsistent and record["is_success"]:
            link.is_inconsistent = True
            record["ocr_success"] = 0
        link.changed = self._now()
        record["updated_at"] = timestamp(self._now() + self._skew)

    def _choice(self, of_the_person: tuple[str, ...], passes: bool) -> str:
        if passes:
            return checks.PASS
        return self._rng.choice(of_the_person if self._rng.random() < 0.8 else _MACHINERY_CODES)

    def _mark(self, record: Record) -> None:
        """Replaces the fake vendor's data with data that has the marker, and with floats, which DynamoDB rejects."""
        if record["ocr_result"]:
            record["ocr_result"].update(
                ID=f"{MARKER}-{self._rng.randrange(10**6):06d}",
                Name=f"{MARKER} BINTI CONTOH",
                Address=f"1 JALAN {MARKER}",
                Sim=0.1 + self._rng.random(),
                Image=self._picture(),
            )
        if record["face_id_result"]:
            record["face_id_result"].update(BestFrameBase64=self._picture(), BestFrameList=[])

    def _picture(self) -> str:
        size = 120_000 if self._rng.random() < 0.02 else 60
        return f"{MARKER}{self._rng.getrandbits(32):08x}" * (size // 15)


def _cut(body: bytes, fault: str | None) -> bytes:
    return body[:-7] if fault == "truncated" else _UNREADABLE.get(fault or "", body)
