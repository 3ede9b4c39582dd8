"""Lambda: execution environments that are kept warm, invocations that end at their time limit or with their process."""

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

# Seconds that an idle environment is kept, and the clocks' greatest error.
_IDLE = 600.0
SKEW = 2.0


@dataclass(slots=True)
class Invocation:
    """One run of a handler. `function`: its folder's name. `about`: whom it concerns. `faults`: (service, kind)."""

    function: str
    number: int
    process: int
    about: list[str]
    started: float
    faults: list[tuple[str, str]] = field(default_factory=list)
    # The tokens that it asked the vendor for, "" for each new link.
    asked: list[str] = field(default_factory=list)
    result: Any = None
    error: str | None = None
    is_dead: bool = False
    is_late: bool = False
    # Whether a secret could not be read: its process does not try again for some seconds.
    secret_failed: bool = False
    ended: float = 0.0
    deadline: Deadline = field(default_factory=lambda: Deadline(0.0))
    # The messages of its log lines of level WARNING and above.
    logged: list[str] = field(default_factory=list)

    @property
    def is_downstream(self) -> bool:
        """Whether it informs others of what happened, and changes nothing."""
        return self.function in ("publish", "deliver")

    @property
    def failed(self) -> bool:
        return self.is_dead or self.is_late or self.error is not None

    def met(self, *services: str) -> bool:
        """Whether a fault of one of the services struck it, or its process died."""
        return any(service in services or kind.startswith("crash") for service, kind in self.faults)


class Environment:
    """One process: its own module of app.py, its own bridge, its own clock."""

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
        # Until then a secret that could not be read is not tried again.
        self.secrets_paused_until = 0.0


class Functions:
    """`functions` by logical id; `client(service)` makes a client of AWS; `recycling` is the probability that an
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
        # None is expected: each error that may come has a name.
        self.unknown_errors: list[tuple[Invocation, BaseException]] = []

    def invoke(self, name: str, event: Any, about: Sequence[str]) -> Invocation:
        """Runs a handler, and waits for its end."""
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
        if not self._kernel.join(task, function.timeout):
            invocation.is_late = True
            task.kill()
            self._trace.note(about, invocation.function, "ENDED at its time limit")
        self._finish(function, environment, invocation, task)
        return invocation

    def _finish(self, function: Function, environment: Environment, invocation: Invocation, task: Task) -> None:
        invocation.ended = self._kernel.now
        if invocation.secret_failed:
            environment.secrets_paused_until = invocation.ended + PAUSE_AFTER_FAULT.total_seconds()
        invocation.is_dead = task.is_dead and not invocation.is_late
        if task.is_dead:
            if invocation.is_dead:
                self._trace.note(invocation.about, invocation.function, "DIED")
            return
        if task.error is not None:
            cause = task.error.__cause__ or task.error
            invocation.error = str(cause)
            if invocation.error != "StorageUnavailable":
                self.unknown_errors.append((invocation, cause))
            self._trace.note(invocation.about, invocation.function, f"FAILED {invocation.error}")
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
