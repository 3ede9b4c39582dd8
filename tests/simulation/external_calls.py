"""Calls of AWS as botocore makes them: several attempts, with its pauses and errors; and the numbers of all calls."""

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

# botocore's standard mode: the most that the first pause takes, in seconds.
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
    """A response whose body was lost: botocore takes it for a success without members."""


def client_error(operation: str, code: str, status: int = 400, item: Any = None) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if item:
        response["Item"] = item
    return ClientError(response, operation)


class MadeCall(NamedTuple):
    """A call, however often botocore repeats it. `by`: the invocation."""

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
        # When each effect happened, the invocation that caused it (None for a late one), and its operation.
        self.effects: list[tuple[float, Any, str]] = []
        # The calls as IAM names them. A resource is its logical id, and the path below it.
        self.used: set[Call] = set()
        # How many faults struck calls about each name.
        self.touched: Counter[str] = Counter()

    def number(self, service: str, operation: str) -> int:
        self.made.append(MadeCall(self.owner(), service, operation))
        return next(self._numbers)

    def use(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Records what IAM would check."""
        if owner := self.owner():
            self.used.update(calls(owner.function, service, operation, parameters))

    def owner(self) -> Any:
        """The invocation whose task runs; None where there is none."""
        return self.kernel.current.owner if self.kernel.current else None

    def fault(self, service: str, operation: str, number: int, attempt: int, about: Sequence[str]) -> str | None:
        """The fault that strikes, counted and noted with the invocation that it strikes."""
        kind = self._plan.draw(faults.Call(service, operation, number, attempt, self.kernel.now))
        if kind:
            self.struck(service, kind)
            if not (self.owner() and self.owner().is_downstream):
                self.touched.update(about)
        return kind

    def struck(self, service: str, kind: str) -> None:
        self._counts.count(service, kind)
        if owner := self.owner():
            owner.faults.append((service, kind))

    def latency(self, mean: float) -> float:
        return 0.3 * mean + self.rng.expovariate(1 / mean)

    def call(self, service: str, operation: str, about: Sequence[str], effect: Effect) -> Any:
        """What botocore returns, or raises, for `effect` at the service."""
        number = self.number(service, operation)
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
        fault = self.fault(service, operation, number, attempt, about)
        half = self.latency(1.5 if fault == "slow" else 0.012) / 2
        name = f"{service} {operation}" + (f" (attempt {attempt})" if attempt > 1 else "")
        if fault:
            self.trace.note(about, name, f"FAULT {fault}")
        self._before(fault, operation, service, half)
        if fault == "timeout_late":
            self.kernel.after(self.rng.uniform(2, 6), lambda: self._late(about, name, operation, effect))
            self.kernel.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        result = self._note(about, name, operation, effect)
        self._after(fault, operation, half)
        return result

    def _before(self, fault: str | None, operation: str, service: str, half: float) -> None:
        """The way there, and what may happen on it."""
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
        """The way back."""
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

    def _note(self, about: Sequence[str], name: str, operation: str, effect: Effect) -> Any:
        try:
            result = effect()
        except ClientError as error:
            self.trace.note(about, name, error.response["Error"]["Code"])
            raise
        self.trace.note(about, name, "done")
        self.effects.append((self.kernel.now, self.owner(), operation))
        return result

    def _late(self, about: Sequence[str], name: str, operation: str, effect: Effect) -> None:
        try:
            self._note(about, f"{name} (late)", operation, effect)
        except ClientError:
            return
