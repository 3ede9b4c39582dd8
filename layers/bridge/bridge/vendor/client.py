"""The vendor's HTTP API (MasChain e-KYC): creates links, and fetches records, with retries within a budget.

    POST {api_url}/api/ekyc/verifications           creates a link for one person
    GET  {api_url}/api/ekyc/verifications/{token}   returns the record of that link

Every failure raises a VendorError within the budget. No error contains a part of a response or a credential.
"""

import random
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from bridge.domain.errors import (
    VendorCredentials,
    VendorError,
    VendorLimitReached,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
)
from bridge.domain.schedule import Draw
from bridge.domain.verification import LinkRequest
from bridge.tracing import subsegment
from bridge.vendor.response import VendorResponse
from bridge.vendor.transport import Credentials, Transport, had_no_effect

# Seconds for the credentials and all attempts together. A person waits 10 s at most, so the budget is below that and
# below the timeout of every function.
BUDGET = 8.0

PATH = "/api/ekyc/verifications"

_MAX_ATTEMPTS = 3

# A token becomes part of a path. With other characters, our credentials could be sent to another resource.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}")
# It becomes a header of ours, so it has no white space and no control characters.
URL = re.compile(r"https?://[^\x00-\x20\x7f]{1,4096}")

# Called before each request. Raises VendorLimitReached if the request may not be sent now.
Permit = Callable[[], None]


class Link(NamedTuple):
    """Where a person verifies, and the token of the record."""

    url: str
    token: str


class Vendor:
    """The vendor's API at `api_url`.

    Args:
        budget: seconds for a call with all its attempts.
        clock: monotonic seconds.
        draw: `draw(low, high)` is a random number for jitter.
    """

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
        self._url = api_url + PATH
        self._transport = Transport(credentials, clock=clock)
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._draw = draw

    def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        """Creates a link whose page returns the person to `return_url`.

        Repeats the request only if the vendor cannot have created a link. Raises a VendorError.
        """
        body = {
            "type": request.type,
            "id_country": request.id_country,
            "id_type": request.id_type,
            "redirect_url": return_url,
        }
        try:
            return _link(self._send("POST", self._url, body, permit))
        except VendorError as error:
            error.operation = "CreateVerification"
            raise

    def fetch(self, token: str, *, permit: Permit, spent: float = 0.0, retry: bool = True) -> VendorResponse:
        """Fetches the record of the link with this token. Repeats a failed request if `retry`. Raises a VendorError.

        `spent`: seconds of the budget that earlier calls of the same check took.
        """
        attempts = _MAX_ATTEMPTS if retry else 1
        return self._send("GET", f"{self._url}/{token}", None, permit, max_attempts=attempts, spent=spent)

    def _send(
        self,
        method: str,
        url: str,
        body: dict[str, str] | None,
        permit: Permit,
        *,
        max_attempts: int = _MAX_ATTEMPTS,
        spent: float = 0.0,
    ) -> VendorResponse:
        """Sends the request until it succeeds, a retry cannot help, or no time is left."""
        deadline = self._clock() + self._budget - spent
        fresh_credentials, attempt = False, 0
        while True:
            attempt += 1
            try:
                permit()
                with subsegment(f"vendor {method}"):
                    return self._transport.send(method, url, body, deadline, fresh_credentials=fresh_credentials)
            except VendorCredentials:
                # The cached credentials may have been rotated. Retry once with fresh ones.
                if fresh_credentials:
                    raise
                fresh_credentials = True
            except VendorError as error:
                pause = self._pause(error, attempt)
                if attempt >= max_attempts or self._clock() + pause >= deadline or not _may_retry(error, method):
                    raise
                self._sleep(pause)

    def _pause(self, error: VendorError, attempt: int) -> float:
        """Seconds until the next attempt: the vendor's Retry-After if there is one, else full jitter."""
        if isinstance(error, VendorRateLimited) and error.retry_after is not None:
            return float(error.retry_after)
        return self._draw(0.05, 0.3 * 2**attempt)


def _may_retry(error: VendorError, method: str) -> bool:
    # The next window of our rate limiter begins too late for a person who waits.
    if isinstance(error, VendorLimitReached):
        return False
    is_safe = method == "GET" and not isinstance(error, VendorRejected)
    return is_safe or had_no_effect(error)


def _link(response: VendorResponse) -> Link:
    url, token = response.result.get("url"), response.result.get("token")
    if not (isinstance(url, str) and URL.fullmatch(url)):
        raise VendorMalformed("url is missing or not a URL")
    if not (isinstance(token, str) and TOKEN.fullmatch(token)):
        raise VendorMalformed("token is missing or malformed")
    return Link(url, token)
