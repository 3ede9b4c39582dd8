"""The servers behind the endpoints of webhooks: how they respond, and what they received."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from bridge.domain.errors import DeliveryFailed
from bridge.outbound.public_post import BUDGET, CONNECT_TIMEOUT, Posted

from .external_calls import ExternalCalls
from .functions import SKEW
from .kernel import Kernel
from .leaks import MARKER

_HOUR = 3600.0
# The largest difference in seconds between the clock and a webhook's timestamp that receivers accept.
_TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """A receiver's response to a webhook. With status 0 there is no connection."""

    status: int = 204
    seconds: float = 0.1
    retry_after: str | None = None


# The arguments: receiver, seconds since the run began, time, random numbers.
Behaviour = Callable[["Receiver", float, float, random.Random], WebhookResponse]
_STATUSES = {"http_429": 429, "http_500": 500}
_GOOD, _NO_CONNECTION, _TOO_SLOW = WebhookResponse(), WebhookResponse(0), WebhookResponse(200, BUDGET + 1)


def _busy(receiver: "Receiver", age: float, now: float, rng: random.Random) -> WebhookResponse:
    wait = rng.choice((20, 900, 7200))
    until = rng.choice((str(wait), formatdate(now + wait, usegmt=True)))
    return WebhookResponse(503, retry_after=until) if age < 5 * _HOUR and rng.random() < 0.3 else _GOOD


def _flapping(receiver: "Receiver", age: float, now: float, rng: random.Random) -> WebhookResponse:
    return WebhookResponse(rng.choice((500, 404, 302))) if age < 12 * _HOUR and age // 600 % 2 else _GOOD


BEHAVIOURS: dict[str, Behaviour] = {
    "good": lambda receiver, age, now, rng: _GOOD,
    "hangs": lambda receiver, age, now, rng: _TOO_SLOW,
    "down for a day": lambda receiver, age, now, rng: _NO_CONNECTION if age < 24 * _HOUR else _GOOD,
    "dead": lambda receiver, age, now, rng: _NO_CONNECTION,
    "slow": lambda receiver, age, now, rng: _TOO_SLOW if age < 6 * _HOUR and rng.random() < 0.2 else _GOOD,
    "gone": lambda receiver, age, now, rng: _GOOD if age < 0.5 * _HOUR else WebhookResponse(410),
    "gone at once": lambda receiver, age, now, rng: WebhookResponse(410),
    "busy": _busy,
    "flapping": _flapping,
    "fails once": lambda receiver, age, now, rng: _GOOD if receiver.webhooks else WebhookResponse(500),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An entry of the endpoints' secret. None as `events` or `principal` means all."""

    name: str
    behaviour: str = "good"
    events: tuple[str, ...] | None = None
    principal: str | None = None

    @property
    def key(self) -> bytes:
        return base64.b64decode(f"{MARKER * 3}{hashlib.sha256(self.name.encode()).hexdigest()[:8]}")

    @property
    def url(self) -> str:
        return f"https://{self.name}.example.com/{MARKER}"

    @property
    def entry(self) -> dict[str, Any]:
        limits = {"events": list(self.events) if self.events else None, "principal": self.principal}
        secrets = [f"whsec_{base64.b64encode(self.key).decode()}"]
        named = {name: value for name, value in limits.items() if value is not None}
        return {"name": self.name, "url": self.url, "secrets": secrets, **named}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that reached a receiver. `by` is the invocation that sent it."""

    time: float
    by: Any
    id: str
    body: bytes
    status: int
    is_signed: bool

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True)
class Receiver:
    endpoint: Endpoint
    # Attempts without a connection are not here.
    webhooks: list[Webhook] = field(default_factory=list)
    # The time of the first attempt of each event, also if it did not arrive.
    first_attempts: dict[str, float] = field(default_factory=dict)
    # The highest `sequence` and its status by verification, as docs/webhooks.md tells receivers to store them.
    latest: dict[str, tuple[int, str]] = field(default_factory=dict)

    def receive(self, webhook: Webhook) -> None:
        self.webhooks.append(webhook)
        if webhook.is_accepted:
            data = json.loads(webhook.body)["data"]
            self.latest[data["id"]] = max(self.latest.get(data["id"], (0, "")), (data["sequence"], data["status"]))


class Receivers:
    """Replaces bridge.outbound.public_post.PublicPost."""

    def __init__(self, kernel: Kernel, calls: ExternalCalls, receivers: Mapping[str, Receiver], rng: random.Random):
        self._kernel = kernel
        self._calls = calls
        self._by_url = {receiver.endpoint.url: receiver for receiver in receivers.values()}
        self._rng = rng
        self._began = kernel.now

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        receiver, kernel = self._by_url[url], self._kernel
        id, about = headers["webhook-id"], list(self._calls.owner().about)
        number = self._calls.record_call("webhook", "POST webhook")
        fault = self._calls.draw_fault("webhook", "POST webhook", number, 1, ())
        receiver.first_attempts.setdefault(id, kernel.now)
        response = BEHAVIOURS[receiver.endpoint.behaviour](receiver, kernel.now - self._began, kernel.now, self._rng)
        if fault == "crash_before":
            kernel.die()
        if fault == "refused" or not response.status:
            self._calls.trace.record(about, f"webhook to {receiver.endpoint.name}", f"no connection {fault or ''}")
            kernel.sleep(self._rng.choice((0.01, CONNECT_TIMEOUT)))
            raise DeliveryFailed(code="ConnectionFailed")
        kernel.sleep(self._calls.latency(0.05))
        if fault == "stall_before":
            self._time_out()
        if fault in _STATUSES:
            response = WebhookResponse(_STATUSES[fault])
        is_signed = _is_signed(receiver.endpoint.key, headers, body, kernel.now)
        webhook = Webhook(kernel.now, self._calls.owner(), id, body, response.status if is_signed else 401, is_signed)
        receiver.receive(webhook)
        self._calls.trace.record(about, f"webhook {id} to {receiver.endpoint.name}", f"{webhook.status} {fault or ''}")
        if fault == "crash_after":
            kernel.die()
        if fault == "stall_after" or response.seconds > BUDGET:
            self._time_out()
        kernel.sleep(response.seconds)
        if fault == "lost":
            raise DeliveryFailed(code="ConnectionLost")
        return Posted(webhook.status, response.retry_after)

    def _time_out(self) -> None:
        self._kernel.sleep(BUDGET)
        raise DeliveryFailed(code="Timeout")


def _is_signed(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Verifies a Standard Webhooks signature without the bridge's code."""
    sent = headers["webhook-timestamp"]
    signed = b".".join((headers["webhook-id"].encode(), sent.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    is_recent = abs(int(sent) - now) <= _TOLERANCE + SKEW
    return is_recent and f"v1,{signature}" in headers["webhook-signature"].split(" ")
