"""Plans of faults. For each attempt of an external call, a plan draws the name of a fault or None."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# before: no effect. after: the effect, but no response. late: no response, and the effect some seconds later.
_AWS = """
    throttled internal_before internal_after timeout_before timeout_after timeout_late refused malformed empty slow
"""
_VENDOR = """
    no_connection connect_timeout reset_before reset_after cut_short http_500 http_503 http_503_wait http_408 http_429
    http_429_wait http_401 http_400 redirect inner_500 inner_429 html truncated empty list result_list wrong_kinds
    missing_flag other_token token_missing other_type other_country outer_flag_differs endless slow_before slow_after
    stall_before stall_after drip
"""
AWS_FAULTS, VENDOR_FAULTS = tuple(_AWS.split()), tuple(_VENDOR.split())
WEBHOOK_FAULTS = ("refused", "http_429", "http_500", "stall_before", "stall_after", "lost")
CRASHES = ("crash_before", "crash_after")
# The faults after which botocore retries.
RETRIED = tuple(kind for kind in AWS_FAULTS if kind not in ("malformed", "slow"))
# The faults of a service that hangs, one that is overloaded, and one whose responses get lost.
HANGING = ("timeout_before", "timeout_after", "timeout_late", "slow")
OVERLOADED = ("throttled", "internal_before", "slow")
LOST = ("timeout_after", "internal_after", "malformed", "crash_after")
OUTAGE = ("no_connection", "connect_timeout", "http_503", "http_503_wait", "html", "stall_before")
STORM = ("http_429", "http_429_wait")


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of an external call. `number` counts calls, not attempts."""

    service: str
    operation: str
    number: int
    attempt: int
    now: float


class Plan(Protocol):
    def draw(self, call: Call) -> str | None: ...


class NoFaults:
    def draw(self, call: Call) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Single:
    """A plan with one fault at call `number`: at its first attempt, or at all attempts."""

    number: int
    kind: str
    at_all_attempts: bool = False

    def draw(self, call: Call) -> str | None:
        if call.number == self.number and (call.attempt == 1 or self.at_all_attempts):
            return self.kind
        return None


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """A span of time in which each call of a service has one of the faults `kinds` with a probability."""

    service: str
    begins: float
    ends: float
    probability: float
    kinds: Sequence[str]


def kinds_of(service: str) -> tuple[str, ...]:
    return {"vendor": VENDOR_FAULTS, "webhook": WEBHOOK_FAULTS}.get(service, AWS_FAULTS)


class FaultSchedule:
    """A plan of windows. Besides, each call has any fault with the probability `background`. Faults stop at `ends`."""

    def __init__(self, rng: random.Random, windows: Sequence[FaultWindow], ends: float, background: float) -> None:
        self._rng = rng
        self._windows = windows
        self._ends = ends
        self._background = background

    def draw(self, call: Call) -> str | None:
        if call.now >= self._ends:
            return None
        roll = self._rng.random()
        for window in self._windows:
            is_open = window.service == call.service and window.begins <= call.now < window.ends
            if is_open and roll < window.probability:
                return self._rng.choice(window.kinds)
        if self._rng.random() >= self._background:
            return None
        return self._rng.choice((*CRASHES, *kinds_of(call.service)))


def random_windows(rng: random.Random, begins: float, ends: float) -> FaultSchedule:
    """Draws windows of each service between two times: short with many faults, or long with few."""
    windows = []
    aws = ("dynamodb", "dynamodb", "dynamodb", "s3", "s3", "sqs", "sqs", "secretsmanager", "events", "events")
    for service in (*aws, *["vendor"] * 4):
        kinds = _vendor_kinds(rng) if service == "vendor" else _aws_kinds(rng)
        probability = rng.choice((0.03, 0.1, 0.5, 1.0))
        length = rng.uniform(0.3, 1.5) * rng.choice((30, 120, 600, 1800) if probability > 0.1 else (1800, 7200))
        start = begins + rng.random() * (ends - begins)
        windows.append(FaultWindow(service, start, min(start + length, ends), probability, kinds))
    return FaultSchedule(rng, windows, ends, background=rng.choice((0.0, 0.003, 0.01, 0.03)))


def _aws_kinds(rng: random.Random) -> Sequence[str]:
    return rng.choice((AWS_FAULTS, CRASHES, HANGING, OVERLOADED, LOST, (rng.choice(AWS_FAULTS),)))


def _vendor_kinds(rng: random.Random) -> Sequence[str]:
    return rng.choice((OUTAGE, STORM, VENDOR_FAULTS, (rng.choice(VENDOR_FAULTS),)))


def outage(rng: random.Random, begins: float, ends: float) -> FaultSchedule:
    """Returns a plan in which only the vendor fails: it is unreachable between two times."""
    window = FaultWindow("vendor", begins, ends, 1.0, ("http_503", "no_connection", "connect_timeout"))
    return FaultSchedule(rng, [window], ends, background=0.0)


class FaultCounts:
    """The number of faults of each kind."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()

    def count(self, service: str, kind: str) -> None:
        self.kinds[f"{service}:{kind}"] += 1
