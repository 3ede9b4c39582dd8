"""Parses a response of the vendor: its HTTP status, the status inside its body, and its JSON."""

import json
from typing import Any, NamedTuple

from bridge.domain.errors import (
    VendorCredentials,
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)

# Seconds, for the Retry-After of our own response if the vendor sends none.
RETRY_AFTER = 30


class VendorResponse(NamedTuple):
    """`raw` are the bytes as received, `body` is the JSON object in them."""

    raw: bytes
    body: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        """The member `result`. Raises VendorMalformed if it is not an object."""
        result = self.body.get("result")
        if not isinstance(result, dict):
            raise VendorMalformed("result is missing or not an object")
        return result


def parse(raw: bytes) -> VendorResponse:
    """Parses the body of a successful response. Raises a VendorError for an error `status` inside the body."""
    try:
        # Numbers that JSON cannot represent (NaN, 1e999) become strings.
        body = json.loads(raw, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        raise VendorMalformed("not JSON") from None
    if not isinstance(body, dict):
        raise VendorMalformed("not a JSON object")
    status = body.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int):
        raise VendorMalformed("status is not an integer")
    check_status(status)
    return VendorResponse(raw, body)


def check_status(status: int, retry_after: str | None = None) -> None:
    """Raises a VendorError unless `status` is 200 or 201. It is an HTTP status, or the status inside a body."""
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
    """Retry-After in seconds, at most one hour; the default if it is missing or a date."""
    if retry_after and retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6:
        return min(max(int(retry_after), 1), 3600)
    return RETRY_AFTER


def _finite(literal: str) -> float | str:
    number = float(literal)
    return number if abs(number) != float("inf") else literal
