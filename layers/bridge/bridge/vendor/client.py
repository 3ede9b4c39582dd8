"""The one module that speaks the vendor's HTTP API (MasChain e-KYC).

    POST {api_url}/api/ekyc/verifications           a link for one person
    GET  {api_url}/api/ekyc/verifications/{token}   what became of it

Every fault ends in one of the named VendorErrors within the budget. Nothing of an answer, and no credential, stands in
an error: those of requests quote the URL, and with it the token, so they are never chained.
"""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Never, Protocol

import requests
from urllib3.exceptions import ReadTimeoutError

from bridge.domain.errors import (
    VendorCredentials,
    VendorError,
    VendorLimitReached,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from bridge.domain.schedule import Draw
from bridge.domain.verification import LinkRequest
from bridge.outbound.deadline import DeadlineAdapter, within
from bridge.tracing import part
from bridge.vendor.response import Answer, check_status, read

# Seconds. The budget includes the credentials, resolving, connecting, the handshake and all attempts. It stands below
# the 10 s that a person may be held, and below every function's timeout. The name and all addresses of the vendor share
# the connect timeout, which the handshake has once more.
BUDGET = 8.0
CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 6.0

# Bytes. Records of several MB are known; what is larger is no record.
LARGEST_ANSWER = 16 * 1024 * 1024

# What may stand in a path as it is: anything else could lead our credentials to another resource.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}")
_LONGEST_URL = 4096

_ATTEMPTS = 3
_CHUNK = 64 * 1024


# Raises VendorLimitReached if no request may be sent now.
Permit = Callable[[], None]


class Credentials(Protocol):
    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """The two headers that the vendor asks for; `fresh` passes by what is cached."""


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    token: str


class Vendor:
    """The vendor, asked with `credentials`. `clock` gives seconds that only grow."""

    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        *,
        budget: float = BUDGET,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Draw = random.uniform,
    ) -> None:
        self._url = f"{api_url}/api/ekyc/verifications"
        self._credentials = credentials
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._draw = draw
        self._session = requests.Session()
        # Neither proxies nor a .netrc of the environment may see the credentials.
        self._session.trust_env = False
        # A cookie that the vendor sets for one person would go with another's request: none is kept.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("http://", DeadlineAdapter())
        self._session.mount("https://", DeadlineAdapter())

    def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        """Asks for a link; again only where the vendor cannot have made one. `permit` is called before each request."""
        body = {
            "type": request.type,
            "id_country": request.id_country,
            "id_type": request.id_type,
            "redirect_url": return_url,
        }
        try:
            return _link(self._ask("POST", self._url, body, permit, attempts=_ATTEMPTS, is_safe=False))
        except VendorError as error:
            error.operation = "CreateVerification"
            raise

    def fetch(self, token: str, *, permit: Permit, retry: bool = True) -> Answer:
        """The vendor's record of that token. `permit` is called before each request; `retry` asks again after a
        failure."""
        return self._ask("GET", f"{self._url}/{token}", None, permit, attempts=_ATTEMPTS if retry else 1)

    def _ask(
        self, method: str, url: str, body: dict[str, str] | None, permit: Permit, *, attempts: int, is_safe: bool = True
    ) -> Answer:
        """Asks until there is a response, a failure that a further request does not solve, or no time left."""
        deadline = self._clock() + self._budget
        fresh, attempt = False, 0
        while True:
            attempt += 1
            try:
                permit()
                with part(f"vendor {method}"):
                    return self._exchange(method, url, body, deadline, fresh=fresh)
            except VendorCredentials:
                # They may have been rotated since they were cached: fetched again, once.
                if fresh:
                    raise
                fresh = True
            except VendorError as error:
                pause = self._pause(error, attempt)
                may_help = (is_safe and not isinstance(error, VendorRejected)) or _had_no_effect(error)
                # Nobody is held until our next share of the vendor's rate limit.
                may_help = may_help and not isinstance(error, VendorLimitReached)
                if not may_help or attempt >= attempts or self._clock() + pause >= deadline:
                    raise
                self._sleep(pause)

    def _pause(self, error: VendorError, attempt: int) -> float:
        """Seconds until the next attempt: the vendor's wish if it has one, else full jitter."""
        if isinstance(error, VendorRateLimited) and error.retry_after is not None:
            return float(error.retry_after)
        return self._draw(0.05, 0.3 * 2**attempt)

    def _exchange(self, method: str, url: str, body: dict[str, str] | None, deadline: float, *, fresh: bool) -> Answer:
        headers = self._credentials.headers(fresh=fresh)
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
                    # A redirect would carry the credentials to whoever it names.
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    raw = _read(response)
            except requests.RequestException as error:
                if exchange.has_passed():
                    raise VendorTimeout() from None
                _raise_named(error)
            if exchange.has_passed():
                raise VendorTimeout()
        check_status(response.status_code, response.headers.get("Retry-After"))
        return read(raw)


def _link(answer: Answer) -> Link:
    url, token = answer.result.get("url"), answer.result.get("token")
    if not (isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL):
        raise VendorMalformed("url is missing or no URL")
    if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise VendorMalformed("token is missing or no token")
    return Link(url, token)


class _NotConnected(VendorUnavailable):
    """No connection came about, so the request had no effect."""


def _had_no_effect(error: VendorError) -> bool:
    return isinstance(error, _NotConnected | VendorRateLimited)


def _raise_named(error: requests.RequestException) -> Never:
    if isinstance(error, requests.ConnectTimeout):
        raise _NotConnected(retry_after=30) from None
    cause = error.args[0] if error.args else None
    # Silence in the middle of a body is a ConnectionError to requests.
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        raise VendorTimeout() from None
    reason = getattr(cause, "reason", None)
    if type(reason).__name__ in ("NewConnectionError", "NameResolutionError"):
        raise _NotConnected(retry_after=30) from None
    raise VendorUnavailable(retry_after=30) from None


def _read(response: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_content(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise VendorMalformed("larger than any record")
    return b"".join(chunks)
