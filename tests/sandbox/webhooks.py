"""Webhooks of `make run` and `make demo`: who is sent them, whether one is genuine, and a line for each attempt."""

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

# A line for the terminal.
Say = Callable[[str], None]

# Seconds between the attempts, the last one again and again: somebody watches.
RETRY_SECONDS = "1,2,5,10,30"
# Seconds that a webhook's timestamp may be off.
TOLERANCE = 300
_PREFIX = "whsec_"
_FUNCTION = "DeliverFunction"


def new_secret() -> str:
    """An endpoint's secret: 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`urls` of the endpoints, which share one secret; none means the sandbox's own receiver."""

    urls: tuple[str, ...] = ()
    secret: str = field(default_factory=new_secret, repr=False)

    def endpoints(self, own: str) -> list[dict[str, Any]]:
        """The endpoints as the bridge's secret has them; `own` is the URL of the sandbox's own receiver."""
        named = {"sandbox": own} if not self.urls else {}
        for url in self.urls:
            named[_unused(re.sub(r"[^a-z0-9]+", "-", urlsplit(url).netloc.lower())[:36], named)] = url
        return [{"name": name, "url": url, "secrets": [self.secret]} for name, url in named.items()]


def _unused(name: str, taken: Mapping[str, str]) -> str:
    return next(each for each in (name, *(f"{name}-{i}" for i in range(2, 1000))) if each not in taken)


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a webhook is signed with `secret` and its timestamp is of these minutes (Standard Webhooks)."""
    try:
        id, timestamp, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        is_recent = abs(now - int(timestamp)) <= TOLERANCE
    except (KeyError, ValueError):
        return False
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    return is_recent and any(hmac.compare_digest(expected, each.encode()) for each in signatures.split())


class Attempts:
    """Calls functions, and prints a line for each attempt at a webhook.

    Args:
        invoke: calls a function, by its logical id.
    """

    def __init__(self, invoke: Invoke, say: Say) -> None:
        self._invoke = invoke
        self._say = say
        # Of the attempt of this thread: the HTTP status, or why there was no response.
        self._outcome = threading.local()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, what comes of each POST is known. The functions' code must be loaded."""
        from bridge.domain.errors import DeliveryFailed
        from bridge.observability import logger
        from bridge.outbound.public_post import Posted, PublicPost

        post = PublicPost.post

        def watched_post(its: PublicPost, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
            try:
                posted = post(its, url, body, headers)
            except DeliveryFailed as failed:
                self._outcome.value = failed.code
                raise
            self._outcome.value = posted.status
            return posted

        logger.addFilter(_is_of_no_webhook)
        try:
            with patch.object(PublicPost, "post", watched_post):
                yield
        finally:
            logger.removeFilter(_is_of_no_webhook)

    def invoke(self, name: str, event: Any) -> Any:
        """The result of a function. Raises what calling it raises."""
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
        # What comes from the bus is not for one endpoint yet.
        if "endpoint" in message:
            its, number = message["event"], record["attributes"]["ApproximateReceiveCount"]
            what = f"webhook {its['type']} {its['data']['id']} -> {message['endpoint']}, attempt {number}"
            self._say(f"{what}: {self._outcome.value}  {seconds * 1000:.0f} ms")


def _is_of_no_webhook(record: logging.LogRecord) -> bool:
    """False for what the function logs of a webhook: its line is printed already."""
    return not hasattr(record, "endpoint")
