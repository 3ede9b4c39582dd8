"""A simulated Lambda: warm execution environments, time limits, and processes that die."""

import itertools
import os
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest import mock

from bridge.aws.secrets import PAUSE_AFTER_FAULT
from bridge.dependencies import Dependencies
from bridge.settings import Settings
from tests.sandbox import lambda_runner
from tests.sandbox.lambda_runner import Function, LambdaContext

from . import leaks
from .kernel import Kernel, Task
from .trace import Trace
from .vendor_adapter import Deadline

# Seconds that an idle environment is kept; the largest error of a function's clock.
_IDLE = 600.0
SKEW = 2.0


@dataclass(slots=True)
class Invocation:
    """One run of a handler. `function` is its folder's name, `about` has the ids and names that it concerns, `faults`
    has pairs (service, kind)."""

    function: str
    number: int
    process: int
    about: list[str]
    started: float
    faults: list[tuple[str, str]] = field(default_factory=list)
    # The token of each vendor call; "" for a call that creates a link.
    vendor_tokens: list[str] = field(default_factory=list)
    result: Any = None
    error: str | None = None
    is_dead: bool = False
    timed_out: bool = False
    # Whether reading a secret failed. The process then reads none for some seconds.
    secret_failed: bool = False
    ended: float = 0.0
    deadline: Deadline = field(default_factory=lambda: Deadline(0.0))
    # The messages of its log lines of level WARNING and above.
    logged: list[str] = field(default_factory=list)

    @property
    def is_downstream(self) -> bool:
        """Whether it only reports events, and changes no verification."""
        return self.function in ("publish", "deliver")

    @property
    def failed(self) -> bool:
        return self.is_dead or self.timed_out or self.error is not None

    def had_fault_of(self, *services: str) -> bool:
        """Whether a call of one of the services had a fault, or the process died."""
        return any(service in services or kind.startswith("crash") for service, kind in self.faults)


class Environment:
    """One execution environment, with its own module of app.py, dependencies and clock."""

    def __init__(self, function: Function, number: int, make_dependencies: Callable[[Settings], Dependencies]):
        with mock.patch.dict(os.environ, function.environment):
            module = lambda_runner.load(function)

        @cache
        def dependencies() -> Dependencies:
            return make_dependencies(Settings(function.environment))

        vars(module)["dependencies"] = dependencies
        self.handler = lambda_runner.handler(function, module)
        self.number = number
        self.used = 0.0
        # No secret is read again before then.
        self.secrets_paused_until = 0.0


class SimulatedFunctions:
    """`functions` are by logical id; `client(service)` returns a client of AWS; `recycling` is the probability that an
    environment ends after an invocation."""

    def __init__(
        self,
        kernel: Kernel,
        trace: Trace,
        functions: Mapping[str, Function],
        rng: random.Random,
        client: Callable[[str], Any],
        recycling: float,
    ) -> None:
        self._kernel = kernel
        self._trace = trace
        self._functions = functions
        self._rng = rng
        self._client = client
        self._recycling = recycling
        self._idle: dict[str, list[Environment]] = defaultdict(list)
        self._numbers, self._processes = itertools.count(1), itertools.count(1)
        self.invocations: list[Invocation] = []
        # Errors of handlers that the bridge does not raise on purpose. An invariant expects none.
        self.unknown_errors: list[tuple[Invocation, BaseException]] = []

    def invoke(self, name: str, event: Any, about: Sequence[str]) -> Invocation:
        """Runs a handler, and waits until it ends."""
        function = self._functions[name]
        environment = self._environment(function)
        number = next(self._numbers)
        invocation = Invocation(function.code.name, number, environment.number, list(about), self._kernel.now)
        self.invocations.append(invocation)
        if self._kernel.now < environment.secrets_paused_until:
            invocation.faults.append(("secretsmanager", "paused"))
        ends = self._kernel.now + function.timeout
        run_name = f"{invocation.function}-{invocation.number}"
        context = LambdaContext(function, run_name, lambda: ends - self._kernel.now)
        task = self._kernel.spawn(
            run_name, lambda: lambda_runner.call(environment.handler, event, context), owner=invocation
        )
        is_done = self._kernel.join(task, function.timeout)
        # The runner counts what ends in the last millisecond as late, too.
        invocation.timed_out = not is_done or not context.get_remaining_time_in_millis()
        if not is_done:
            task.kill()
            self._trace.record(about, invocation.function, "ENDED at its time limit")
        self._finish(function, environment, invocation, task)
        return invocation

    def _finish(self, function: Function, environment: Environment, invocation: Invocation, task: Task) -> None:
        invocation.ended = self._kernel.now
        if invocation.secret_failed:
            environment.secrets_paused_until = invocation.ended + PAUSE_AFTER_FAULT.total_seconds()
        invocation.is_dead = task.is_dead and not invocation.timed_out
        if task.is_dead:
            if invocation.is_dead:
                self._trace.record(invocation.about, invocation.function, "DIED")
            return
        if task.error is not None:
            cause = task.error.__cause__ or task.error
            invocation.error = str(cause)
            if invocation.error != "StorageUnavailable" and not invocation.timed_out:
                self.unknown_errors.append((invocation, cause))
            self._trace.record(invocation.about, invocation.function, f"FAILED {invocation.error}")
        else:
            invocation.result = task.result
        if self._rng.random() >= self._recycling:
            environment.used = self._kernel.now
            self._idle[function.name].append(environment)

    def _environment(self, function: Function) -> Environment:
        idle = self._idle[function.name]
        while idle:
            environment = idle.pop()
            if self._kernel.now - environment.used < _IDLE:
                return environment
        skew = self._rng.uniform(-SKEW, SKEW)
        return Environment(function, next(self._processes), lambda settings: self._dependencies(settings, skew))

    def _dependencies(self, settings: Settings, skew: float) -> Dependencies:
        kernel, rng = self._kernel, self._rng
        return Dependencies(
            settings,
            client=self._client,
            now=lambda: datetime.fromtimestamp(kernel.now + skew, UTC),
            random_bytes=lambda count: leaks.random_bytes(rng, count),
            draw=rng.uniform,
            clock=lambda: kernel.now,
            sleep=kernel.sleep,
        )
