"""Reads an answer of the vendor's: its statuses, outside and inside, and its JSON."""

import json
from dataclasses import dataclass
from typing import Any

from bridge.domain.errors import (
    VendorCredentials,
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)

# Seconds to wait where the vendor does not say it.
_RETRY_AFTER = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """`raw` is byte for byte what came; `body` is the JSON object in it."""

    raw: bytes
    body: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        result = self.body.get("result")
        if not isinstance(result, dict):
            raise VendorMalformed("result is missing or no object")
        return result


def read(raw: bytes) -> Answer:
    """The answer in `raw`, the body of an HTTP 200; raises the named error of another `status` inside it."""
    try:
        # Numbers that JSON cannot say again (NaN, 1e999) are kept as their text.
        body = json.loads(raw, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        raise VendorMalformed("not JSON") from None
    if not isinstance(body, dict):
        raise VendorMalformed("no JSON object")
    status = body.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int):
        raise VendorMalformed("status is no number")
    check_status(status)
    return Answer(raw, body)


def check_status(status: int, retry_after: str | None = None) -> None:
    """Raises the named error of an HTTP status, or of the status that stands inside an answer."""
    if status not in (200, 201):
        error = _error_of(status, retry_after)
        error.http_status = status
        raise error


def _error_of(status: int, retry_after: str | None) -> VendorError:
    if status in (401, 403):
        return VendorCredentials()
    if status == 408:
        return VendorTimeout()
    if status == 429:
        return VendorRateLimited(retry_after=_seconds(retry_after))
    if 400 <= status < 500:
        return VendorRejected()
    if status >= 500:
        return VendorUnavailable(retry_after=_seconds(retry_after))
    return VendorMalformed(f"HTTP status {status}")


def _seconds(retry_after: str | None) -> int:
    """Retry-After in seconds, an hour at most. Its other form, a date, counts as none."""
    if retry_after and retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6:
        return min(max(int(retry_after), 1), 3600)
    return _RETRY_AFTER


def _finite(literal: str) -> float | str:
    number = float(literal)
    return number if abs(number) != float("inf") else literal
