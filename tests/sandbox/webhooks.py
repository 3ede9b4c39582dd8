"""Webhooks of `make run` and `make demo`: their endpoints, their signature, and a line for each attempt."""

import base64
import hmac
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from .authorizers import Invoke

# Prints a line to the terminal.
PrintLine = Callable[[str], None]

# Seconds between attempts, of which the last repeats. They are short, because a person waits for the retries.
RETRY_SECONDS = "1,2,5,10,30"
# The most seconds between a webhook's timestamp and now.
TOLERANCE = 300
_PREFIX = "whsec_"
_FUNCTION = "DeliverFunction"


def new_secret() -> str:
    """Returns a new secret of 32 random bytes for endpoints."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The `urls` of the endpoints, which share one secret. Without URLs, webhooks go to the sandbox's own receiver."""

    urls: tuple[str, ...] = ()
    secret: str = field(default_factory=new_secret, repr=False)

    def endpoints(self, own: str) -> list[dict[str, Any]]:
        """Returns the endpoints as the bridge's secret has them. `own` is the URL of the sandbox's own receiver."""
        named = {"sandbox": own} if not self.urls else {}
        for url in self.urls:
            named[_unused(re.sub(r"[^a-z0-9]+", "-", urlsplit(url).netloc.lower())[:36], named)] = url
        return [{"name": name, "url": url, "secrets": [self.secret]} for name, url in named.items()]


def _unused(name: str, taken: Mapping[str, str]) -> str:
    return next(each for each in (name, *(f"{name}-{i}" for i in range(2, 1000))) if each not in taken)


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Returns whether the signature (Standard Webhooks) is of `secret`, and the timestamp within TOLERANCE of `now`."""
    try:
        id, timestamp, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        is_recent = abs(now - int(timestamp)) <= TOLERANCE
    except (KeyError, ValueError):
        return False
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    return is_recent and any(hmac.compare_digest(expected, each.encode()) for each in signatures.split())


class DeliveryAttempts:
    """Calls functions, and prints a line for each attempt to deliver a webhook.

    Args:
        invoke: calls a function by its logical id.
    """

    def __init__(self, invoke: Invoke, print_line: PrintLine) -> None:
        self._invoke = invoke
        self._print_line = print_line
        # The result of this thread's attempt: the HTTP status, or why there was no response.
        self._outcome = threading.local()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Records the result of each POST inside the with block. Load the functions' code first."""
        from bridge.domain.errors import DeliveryFailed
        from bridge.observability import logger
        from bridge.outbound.public_post import Posted, PublicPost

        post = PublicPost.post

        def recorded_post(its: PublicPost, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
            try:
                posted = post(its, url, body, headers)
            except DeliveryFailed as failed:
                self._outcome.value = failed.code
                raise
            self._outcome.value = posted.status
            return posted

        logger.addFilter(_is_unrelated_to_webhooks)
        try:
            with patch.object(PublicPost, "post", recorded_post):
                yield
        finally:
            logger.removeFilter(_is_unrelated_to_webhooks)

    def invoke(self, name: str, event: Any) -> Any:
        """Calls a function, and prints a line for each webhook that it tried to deliver."""
        if name != _FUNCTION:
            return self._invoke(name, event)
        self._outcome.value = "not sent, the endpoint is off"
        began = time.monotonic()
        try:
            return self._invoke(name, event)
        finally:
            for record in event["Records"]:
                self._report(record, time.monotonic() - began)

    def _report(self, record: Mapping[str, Any], seconds: float) -> None:
        message = json.loads(record["body"])
        # A message from the event bus names no endpoint: the function queues it again for each.
        if "endpoint" in message:
            its, number = message["event"], record["attributes"]["ApproximateReceiveCount"]
            what = f"webhook {its['type']} {its['data']['id']} -> {message['endpoint']}, attempt {number}"
            self._print_line(f"{what}: {self._outcome.value}  {seconds * 1000:.0f} ms")


def _is_unrelated_to_webhooks(record: logging.LogRecord) -> bool:
    """Returns False for log lines about a webhook, because its attempt has a line already."""
    return not hasattr(record, "endpoint")
