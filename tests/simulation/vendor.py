"""The vendor: links, what people do on them, and what it tells of it. What is in here is the truth."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .canaries import MARK
from .shapes import SHAPES, TIMELESS, Record

OCR_ATTEMPTS = 3
FACE_ATTEMPTS = 2
RATE_LIMIT = 400
# Seconds.
USUAL_LIFETIME = 900.0

DOCUMENT_CODES = ("9101", "9102", "9103", "9104", "9107", "9108", "-9103", "-9110")
FACE_CODES = ("FailedOperation.CompareFail", "FailedOperation.LivessDetectFake", "FailedOperation.ActionCloseEye")
MACHINERY_CODES = ("FailedOperation.LivessSystemError", "InvalidParameter", "FailedOperation.UnKnown", "New.Code")


@dataclass(slots=True)
class Link:
    """One link. `expires` and `created` in true seconds; `sent` holds all records that left us, by SHA-256."""

    token: str
    return_url: str
    created: float
    expires: float
    record: Record
    shape: str
    ocr_attempts: int = 0
    face_attempts: int = 0
    is_inconsistent: bool = False
    # All records of it are unreadable, for ever.
    is_broken: bool = False
    changed: float = 0.0
    sent: dict[str, bytes] = field(default_factory=dict)
    said_success: set[str] = field(default_factory=set)
    # When a whole, sound record was sent.
    reported: list[float] = field(default_factory=list)
    # When a record that contradicts the request was sent, and by SHA-256 those that may be another person's.
    contradicted: list[float] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)

    @property
    def succeeded(self) -> bool:
        checks = self.record["ocr_success"] and (self.record["type"] == "01" or self.record["face_id_success"])
        return bool(self.record["is_success"] and checks)

    @property
    def started(self) -> bool:
        return self.ocr_attempts > 0

    @property
    def is_finished(self) -> bool:
        """Nothing more can be done on it."""
        if self.record["is_success"] or self.is_inconsistent:
            return True
        if not self.record["ocr_success"]:
            return self.ocr_attempts >= OCR_ATTEMPTS
        return self.face_attempts >= FACE_ATTEMPTS


class Vendor:
    """`lifetime` in seconds; `skew` is how far its clock is off."""

    def __init__(self, now: Callable[[], float], rng: random.Random, *, lifetime: float, skew: float) -> None:
        self._now = now
        self._rng = rng
        self._lifetime = lifetime
        self._skew = skew
        # Where the lifetime is not the one that the bridge is set to, the records have to tell it.
        self._shapes = SHAPES if lifetime == USUAL_LIFETIME else tuple(s for s in SHAPES if s not in TIMELESS)
        self.links: dict[str, Link] = {}
        self.secret = f"sk_{MARK}_0"
        self.calls_by_minute: Counter[int] = Counter()
        self.calls = 0
        self.call_times: list[float] = []
        # The tokens of requests that carried a cookie, "" for each new link.
        self.cookies: list[str] = []
        # The probability of a link whose records cannot be read.
        self.broken = 0.0

    def is_over_limit(self) -> bool:
        """Counts a call; whether it is one too many in its minute."""
        minute = int(self._now() // 60)
        self.calls += 1
        self.call_times.append(self._now())
        self.calls_by_minute[minute] += 1
        return self.calls_by_minute[minute] > RATE_LIMIT

    def rotate(self) -> None:
        self.secret = f"sk_{MARK}_{self._rng.randrange(10**6)}"

    def create(self, fields: dict[str, str]) -> bytes:
        token = f"{MARK}{self._rng.randrange(36**16):020d}"
        now = self._now()
        url = f"https://ekyc.example/verifications?token={token}"
        record = _blank(len(self.links) + 1, token, url, fields)
        record |= {"created_at": self._time(now), "updated_at": self._time(now)}
        record["expire_at"] = self._time(now + self._lifetime)
        shape = self._rng.choice(self._shapes) if self._rng.random() < 0.4 else SHAPES[0]
        self.links[token] = Link(token, fields["redirect_url"], now, now + self._lifetime, record, shape.__name__)
        self.links[token].is_broken = self._rng.random() < self.broken
        return json.dumps({"status": 200, "result": {"url": url, "token": token}}).encode()

    def attempt(self, token: str, *, passes: bool, inconsistent: bool = False) -> bool:
        """The person's next step, OCR or face; False where the link is over or nothing is left to do."""
        link = self.links[token]
        if self._now() >= link.expires or link.is_finished:
            return False
        step = self._face if link.record["ocr_success"] else self._ocr
        step(link, passes)
        if inconsistent and link.record["is_success"]:
            link.is_inconsistent = True
            link.record["ocr_success"] = 0
        link.changed = self._now()
        link.record["updated_at"] = self._time(self._now())
        return True

    def tell(self, token: str) -> bytes:
        """The body that GET answers."""
        link = self.links[token]
        shape = next(each for each in SHAPES if each.__name__ == link.shape)
        body = json.dumps({"status": 200, "result": shape(link.record)}, ensure_ascii=False).encode()
        link.reported.append(self._now())
        if link.succeeded:
            link.said_success.add(hashlib.sha256(body).hexdigest())
        return body

    def _ocr(self, link: Link, passes: bool) -> None:
        link.ocr_attempts += 1
        record = link.record
        record["retries"] = link.ocr_attempts - 1
        if passes:
            record.update(ocr_success=1, ocr_result=_ocr_result(self._rng), latest_error=None)
            record["is_success"] = int(record["type"] == "01")
            return
        code = self._rng.choice(DOCUMENT_CODES if self._rng.random() < 0.8 else MACHINERY_CODES)
        record.update(latest_error=code, ocr_result=None)

    def _face(self, link: Link, passes: bool) -> None:
        link.face_attempts += 1
        record = link.record
        record["face_retries"] = link.face_attempts - 1
        if passes:
            record.update(face_id_success=1, is_success=1, latest_error=None)
            record["face_id_result"] = {"Sim": 98.33, "Result": "Success", "BestFrameBase64": _picture(self._rng)}
            return
        code = self._rng.choice(FACE_CODES if self._rng.random() < 0.8 else MACHINERY_CODES)
        record.update(latest_error=code, face_id_result={"Sim": 41.07, "Result": code})

    def _time(self, seconds: float) -> str:
        reported = datetime.fromtimestamp(seconds + self._skew, UTC)
        return reported.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _blank(number: int, token: str, url: str, fields: dict[str, str]) -> dict[str, Any]:
    return {
        "id": number,
        "organisation_id": 31,
        "type": fields["type"],
        "token": token,
        "url": url,
        "redirect_url": fields["redirect_url"],
        "medias": None,
        "ocr_country": fields["id_country"],
        "ocr_type": fields["id_type"],
        "ocr_success": 0,
        "ocr_result": None,
        "face_id_success": 0,
        "face_id_result": None,
        "is_success": 0,
        "latest_error": None,
        "retries": 0,
        "face_retries": 0,
    }


def _picture(rng: random.Random) -> str:
    size = 120_000 if rng.random() < 0.02 else 60
    return f"{MARK}{rng.getrandbits(32):08x}" * (size // 15)


def _ocr_result(rng: random.Random) -> dict[str, Any]:
    return {
        "ID": f"{MARK}-{rng.randrange(10**6):06d}",
        "Name": f"{MARK} BINTI CONTOH",
        "Address": f"1 JALAN {MARK}",
        "Sim": 0.1 + rng.random(),
        "Warn": [],
        "Image": _picture(rng),
    }
