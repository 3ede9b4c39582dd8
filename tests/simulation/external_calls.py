"""Simulates AWS calls as botocore makes them, with its retries, pauses and errors; and numbers all external calls."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from bridge.aws.clients import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT
from tests.calls import Call, calls

from . import faults
from .faults import FaultCounts, Plan
from .kernel import Kernel
from .trace import Trace

# The longest first pause in botocore's standard retry mode, in seconds.
_PAUSE, _PAUSE_AFTER_THROTTLE = 0.05, 1.0

_THROTTLES = {
    "dynamodb": ("ProvisionedThroughputExceededException", "ThrottlingException"),
    "events": ("ThrottlingException",),
    "s3": ("SlowDown",),
    "sqs": ("RequestThrottled",),
    "secretsmanager": ("ThrottlingException",),
}
_TRANSIENT = {code for codes in _THROTTLES.values() for code in codes} | {"InternalServerError"}

Effect = Callable[[], Any]


class EmptySuccess(Exception):
    """A successful response without a body, which botocore parses as a result without members."""


def client_error(operation: str, code: str, status: int = 400, item: Any = None) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if item:
        response["Item"] = item
    return ClientError(response, operation)


class MadeCall(NamedTuple):
    """A call, with all of its attempts. `by` is the invocation that made it."""

    by: Any
    service: str
    operation: str


class ExternalCalls:
    def __init__(self, kernel: Kernel, trace: Trace, plan: Plan, counts: FaultCounts, rng: random.Random) -> None:
        self.kernel = kernel
        self.trace = trace
        self.rng = rng
        self._plan = plan
        self._counts = counts
        self._numbers = itertools.count(1)
        self.made: list[MadeCall] = []
        # The time of each effect, the invocation that caused it (None if it came late), and the operation.
        self.effects: list[tuple[float, Any, str]] = []
        # The calls as IAM names them. A resource is a logical id and the path below it.
        self.iam_calls: set[Call] = set()
        # The number of faults in calls about each id or name.
        self.faults_about: Counter[str] = Counter()

    def record_call(self, service: str, operation: str) -> int:
        """Records a call, and returns its number."""
        self.made.append(MadeCall(self.owner(), service, operation))
        return next(self._numbers)

    def record_iam_call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Records what IAM would check for a call."""
        if owner := self.owner():
            self.iam_calls.update(calls(owner.function, service, operation, parameters))

    def owner(self) -> Any:
        """Returns the invocation whose task runs; None if the task belongs to no invocation."""
        return self.kernel.current.owner if self.kernel.current else None

    def draw_fault(self, service: str, operation: str, number: int, attempt: int, about: Sequence[str]) -> str | None:
        """Returns the fault of an attempt, if the plan has one, after recording it with the running invocation."""
        kind = self._plan.draw(faults.Call(service, operation, number, attempt, self.kernel.now))
        if kind:
            self.record_fault(service, kind)
            if not (self.owner() and self.owner().is_downstream):
                self.faults_about.update(about)
        return kind

    def record_fault(self, service: str, kind: str) -> None:
        self._counts.count(service, kind)
        if owner := self.owner():
            owner.faults.append((service, kind))

    def latency(self, mean: float) -> float:
        return 0.3 * mean + self.rng.expovariate(1 / mean)

    def call(self, service: str, operation: str, about: Sequence[str], effect: Effect) -> Any:
        """Applies `effect` at the service, and returns or raises what botocore would."""
        number = self.record_call(service, operation)
        attempts = ATTEMPTS[service]
        for attempt in range(1, attempts + 1):
            pause = _PAUSE
            try:
                return self._attempt(service, operation, about, effect, number, attempt)
            except (ReadTimeoutError, EndpointConnectionError):
                if attempt == attempts:
                    raise
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in _TRANSIENT or attempt == attempts:
                    raise
                if code in _THROTTLES[service]:
                    pause = _PAUSE_AFTER_THROTTLE
            self.kernel.sleep(self.rng.random() * pause * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _attempt(
        self, service: str, operation: str, about: Sequence[str], effect: Effect, number: int, attempt: int
    ) -> Any:
        fault = self.draw_fault(service, operation, number, attempt, about)
        half = self.latency(1.5 if fault == "slow" else 0.012) / 2
        name = f"{service} {operation}" + (f" (attempt {attempt})" if attempt > 1 else "")
        if fault:
            self.trace.record(about, name, f"FAULT {fault}")
        self._before(fault, operation, service, half)
        if fault == "timeout_late":
            self.kernel.after(self.rng.uniform(2, 6), lambda: self._apply_late(about, name, operation, effect))
            self.kernel.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        result = self._apply(about, name, operation, effect)
        self._after(fault, operation, half)
        return result

    def _before(self, fault: str | None, operation: str, service: str, half: float) -> None:
        """Spends the time that the request takes; raises for faults that prevent the effect."""
        if fault == "crash_before":
            self.kernel.die()
        self.kernel.sleep(half)
        if fault == "throttled":
            raise client_error(operation, self.rng.choice(_THROTTLES[service]))
        if fault == "internal_before":
            raise client_error(operation, "InternalServerError", 500)
        if fault == "refused":
            self.kernel.sleep(self.rng.choice((0.0, CONNECT_TIMEOUT)))
            raise EndpointConnectionError(endpoint_url="https://aws.example")
        if fault == "timeout_before":
            self.kernel.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url="https://aws.example")

    def _after(self, fault: str | None, operation: str, half: float) -> None:
        """Spends the time that the response takes; raises for faults that lose it."""
        if fault == "crash_after":
            self.kernel.die()
        if fault == "internal_after":
            raise client_error(operation, "InternalServerError", 500)
        if fault == "timeout_after":
            self.kernel.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        if fault == "malformed":
            raise ResponseParserError("no XML, no JSON")
        if fault == "empty":
            raise EmptySuccess
        self.kernel.sleep(half)

    def _apply(self, about: Sequence[str], name: str, operation: str, effect: Effect) -> Any:
        try:
            result = effect()
        except ClientError as error:
            self.trace.record(about, name, error.response["Error"]["Code"])
            raise
        self.trace.record(about, name, "done")
        self.effects.append((self.kernel.now, self.owner(), operation))
        return result

    def _apply_late(self, about: Sequence[str], name: str, operation: str, effect: Effect) -> None:
        try:
            self._apply(about, f"{name} (late)", operation, effect)
        except ClientError:
            return
