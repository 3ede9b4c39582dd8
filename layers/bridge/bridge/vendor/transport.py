"""One HTTP exchange with the vendor, within a deadline. Besides it, only cli/vendor_account calls the vendor.

Every failure raises a VendorError. The errors of requests are never chained, because their texts quote the URL, which
contains the token.
"""

import http.client
import time
from collections.abc import Callable
from typing import Never, Protocol

import requests
from urllib3.exceptions import InvalidChunkLength, ProtocolError, ReadTimeoutError

from bridge.domain.errors import (
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorTimeout,
    VendorUnavailable,
)
from bridge.outbound.deadline import within
from bridge.outbound.session import Session
from bridge.vendor.response import RETRY_AFTER, VendorResponse, check_status, parse

# Seconds. The connect timeout applies to DNS and all addresses together, and again to the TLS handshake.
CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 6.0

# Records of several MB are known. A larger response is not a record.
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Credentials(Protocol):
    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """The two headers that the vendor requires. `fresh` bypasses the cache."""


class Transport:
    """Sends requests with the vendor's credentials. `clock` returns monotonic seconds."""

    def __init__(self, credentials: Credentials, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._clock = clock
        self._session = Session()

    def send(
        self, method: str, url: str, body: dict[str, str] | None, deadline: float, *, fresh_credentials: bool
    ) -> VendorResponse:
        """Sends one request. `deadline` is a time of `clock`. Raises a VendorError, or StorageUnavailable if the
        credentials cannot be read."""
        headers = self._credentials.headers(fresh=fresh_credentials)
        left = deadline - self._clock()
        if left <= 0:
            raise VendorTimeout()
        with within(left) as exchange:
            try:
                with self._session.request(
                    method,
                    url,
                    json=body,
                    headers={**headers, "Accept": "application/json", "Accept-Encoding": "identity"},
                    timeout=(min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left)),
                    # A redirect would send the credentials to another host.
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    raw = _read_body(response)
            except requests.RequestException as error:
                if exchange.has_passed():
                    raise VendorTimeout() from None
                _raise_vendor_error(error)
            if exchange.has_passed():
                raise VendorTimeout()
        check_status(response.status_code, response.headers.get("Retry-After"))
        return parse(raw)


class _NotConnected(VendorUnavailable):
    """No connection was established, so the request had no effect."""


def had_no_effect(error: VendorError) -> bool:
    """Whether the vendor certainly did not process the request, so that even a POST may be repeated."""
    return isinstance(error, _NotConnected | VendorRateLimited)


def _raise_vendor_error(error: requests.RequestException) -> Never:
    if isinstance(error, requests.ConnectTimeout):
        raise _NotConnected(retry_after=RETRY_AFTER) from None
    cause = error.args[0] if error.args else None
    # requests reports a read timeout within a body as a ConnectionError.
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        raise VendorTimeout() from None
    reason = getattr(cause, "reason", None)
    if type(reason).__name__ in ("NewConnectionError", "NameResolutionError"):
        raise _NotConnected(retry_after=RETRY_AFTER) from None
    if _is_malformed(error):
        raise VendorMalformed("not HTTP") from None
    raise VendorUnavailable(retry_after=RETRY_AFTER) from None


def _is_malformed(error: requests.RequestException) -> bool:
    """Whether bytes came that are no HTTP response, in contrast to a response that was cut off."""
    if isinstance(error, requests.exceptions.ContentDecodingError | requests.exceptions.InvalidHeader):
        return True
    # urllib3's ProtocolError has the cause as its last argument.
    protocol_error = error.args[0] if error.args else None
    cause = protocol_error.args[-1] if isinstance(protocol_error, ProtocolError) else None
    is_cut_off = isinstance(cause, http.client.RemoteDisconnected | http.client.IncompleteRead)
    return isinstance(cause, http.client.HTTPException) and (not is_cut_off or isinstance(cause, InvalidChunkLength))


def _read_body(response: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            raise VendorMalformed("larger than any record")
    return b"".join(chunks)
