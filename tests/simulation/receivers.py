"""The servers behind the endpoints of webhooks: what they do, and what they got."""

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
# Receivers refuse a timestamp that is further off.
_TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver does with a webhook: a status of 0 is no connection."""

    status: int = 204
    seconds: float = 0.1
    retry_after: str | None = None


# `age` is in seconds since the run began.
Behaviour = Callable[["Receiver", float, float, random.Random], Answer]
_STATUSES = {"http_429": 429, "http_500": 500}
_GOOD, _SILENT, _LATE = Answer(), Answer(0), Answer(200, BUDGET + 1)


def _busy(receiver: "Receiver", age: float, now: float, rng: random.Random) -> Answer:
    wait = rng.choice((20, 900, 7200))
    until = rng.choice((str(wait), formatdate(now + wait, usegmt=True)))
    return Answer(503, retry_after=until) if age < 5 * _HOUR and rng.random() < 0.3 else _GOOD


def _flapping(receiver: "Receiver", age: float, now: float, rng: random.Random) -> Answer:
    return Answer(rng.choice((500, 404, 302))) if age < 12 * _HOUR and age // 600 % 2 else _GOOD


BEHAVIOURS: dict[str, Behaviour] = {
    "good": lambda receiver, age, now, rng: _GOOD,
    "hangs": lambda receiver, age, now, rng: _LATE,
    "down for a day": lambda receiver, age, now, rng: _SILENT if age < 24 * _HOUR else _GOOD,
    "dead": lambda receiver, age, now, rng: _SILENT,
    "slow": lambda receiver, age, now, rng: _LATE if age < 6 * _HOUR and rng.random() < 0.2 else _GOOD,
    "gone": lambda receiver, age, now, rng: _GOOD if age < 0.5 * _HOUR else Answer(410),
    "gone at once": lambda receiver, age, now, rng: Answer(410),
    "busy": _busy,
    "flapping": _flapping,
    "fails once": lambda receiver, age, now, rng: _GOOD if receiver.got else Answer(500),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An entry of the secret; `events` and `principal` None mean all."""

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
    """One that reached a receiver. `by`: the invocation that sent it."""

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
    # Attempts that found no connection have no webhook.
    got: list[Webhook] = field(default_factory=list)
    # When each event was first sent here, whether or not it arrived.
    tried: dict[str, float] = field(default_factory=dict)
    # By verification, the highest `sequence` and its status: what a receiver shows, as docs/webhooks.md says.
    latest: dict[str, tuple[int, str]] = field(default_factory=dict)

    def take(self, webhook: Webhook) -> None:
        self.got.append(webhook)
        if webhook.is_accepted:
            data = json.loads(webhook.body)["data"]
            self.latest[data["id"]] = max(self.latest.get(data["id"], (0, "")), (data["sequence"], data["status"]))


class Receivers:
    """In place of bridge.outbound.public_post.PublicPost, by URL."""

    def __init__(self, kernel: Kernel, calls: ExternalCalls, receivers: Mapping[str, Receiver], rng: random.Random):
        self._kernel = kernel
        self._calls = calls
        self._by_url = {receiver.endpoint.url: receiver for receiver in receivers.values()}
        self._rng = rng
        self._began = kernel.now

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        receiver, kernel = self._by_url[url], self._kernel
        id, about = headers["webhook-id"], list(self._calls.owner().about)
        number = self._calls.number("webhook", "POST webhook")
        fault = self._calls.fault("webhook", "POST webhook", number, 1, ())
        receiver.tried.setdefault(id, kernel.now)
        answer = BEHAVIOURS[receiver.endpoint.behaviour](receiver, kernel.now - self._began, kernel.now, self._rng)
        if fault == "crash_before":
            kernel.die()
        if fault == "refused" or not answer.status:
            self._calls.trace.note(about, f"webhook to {receiver.endpoint.name}", f"no connection {fault or ''}")
            kernel.sleep(self._rng.choice((0.01, CONNECT_TIMEOUT)))
            raise DeliveryFailed(code="ConnectionFailed")
        kernel.sleep(self._calls.latency(0.05))
        if fault == "stall_before":
            self._time_out()
        if fault in _STATUSES:
            answer = Answer(_STATUSES[fault])
        is_signed = _is_signed(receiver.endpoint.key, headers, body, kernel.now)
        webhook = Webhook(kernel.now, self._calls.owner(), id, body, answer.status if is_signed else 401, is_signed)
        receiver.take(webhook)
        self._calls.trace.note(about, f"webhook {id} to {receiver.endpoint.name}", f"{webhook.status} {fault or ''}")
        if fault == "crash_after":
            kernel.die()
        if fault == "stall_after" or answer.seconds > BUDGET:
            self._time_out()
        kernel.sleep(answer.seconds)
        if fault == "lost":
            raise DeliveryFailed(code="ConnectionLost")
        return Posted(webhook.status, answer.retry_after)

    def _time_out(self) -> None:
        self._kernel.sleep(BUDGET)
        raise DeliveryFailed(code="Timeout")


def _is_signed(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Standard Webhooks, without the bridge's code."""
    sent = headers["webhook-timestamp"]
    signed = b".".join((headers["webhook-id"].encode(), sent.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    is_recent = abs(int(sent) - now) <= _TOLERANCE + SKEW
    return is_recent and f"v1,{signature}" in headers["webhook-signature"].split(" ")
