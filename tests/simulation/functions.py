"""Lambda: execution environments that are kept warm, invocations that end at their time limit or with their process."""

import itertools
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from unittest import mock

from bridge.aws.secrets import PAUSE_AFTER_FAULT
from bridge.dependencies import Dependencies
from bridge.settings import Settings

from . import canaries
from .kernel import Kernel, Task
from .stack import Function
from .trace import Trace
from .wire import Cut

# Seconds that an idle environment is kept, and the clocks' greatest error.
_IDLE = 600.0
SKEW = 2.0


@cache
def _code(app: Path) -> CodeType:
    return compile(app.read_text(encoding="utf-8"), str(app), "exec")


@dataclass(slots=True)
class Invocation:
    """One run of a handler. `about`: whom it concerns. `faults`: what struck it, as (service, kind)."""

    function: str
    number: int
    about: list[str]
    started: float
    faults: list[tuple[str, str]] = field(default_factory=list)
    # The tokens that it asked the vendor about, "" for each new link.
    asked: list[str] = field(default_factory=list)
    answer: Any = None
    error: str | None = None
    is_dead: bool = False
    is_late: bool = False
    # Whether it asked for a secret in vain: its process does not ask again for some seconds.
    secret_failed: bool = False
    ended: float = 0.0
    cut: Cut = field(default_factory=lambda: Cut(0.0))

    @property
    def failed(self) -> bool:
        return self.is_dead or self.is_late or self.error is not None

    def met(self, *services: str) -> bool:
        """Whether a fault of one of the services struck it, or its process died."""
        return any(service in services or kind.startswith("crash") for service, kind in self.faults)


class _Context:
    """What a handler gets as its second argument."""

    memory_limit_in_mb = 512
    log_group_name = log_stream_name = "simulation"

    def __init__(self, kernel: Kernel, invocation: Invocation, ends: float) -> None:
        self.function_name = invocation.function
        self.invoked_function_arn = f"arn:aws:lambda:ap-southeast-1:000000000000:function:{invocation.function}"
        self.aws_request_id = f"{invocation.function}-{invocation.number}"
        self._kernel = kernel
        self._ends = ends

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._ends - self._kernel.now) * 1000))


class Environment:
    """One process: its own module of app.py, its own bridge, its own clock."""

    def __init__(
        self,
        function: Function,
        make_dependencies: Callable[[Settings, float], Dependencies],
        skew: float,
    ) -> None:
        module = ModuleType(f"simulated_{function.name}")
        module.__file__ = str(function.app)
        with mock.patch.dict(os.environ, function.environment):
            exec(_code(function.app), module.__dict__)

        @cache
        def dependencies() -> Dependencies:
            return make_dependencies(Settings(function.environment), skew)

        vars(module)["dependencies"] = dependencies
        self.handler: Callable[[Any, Any], Any] = vars(module)["lambda_handler"]
        self.used = 0.0
        # Until then secrets that are not known are not asked for, after a fault.
        self.secrets_paused_until = 0.0


class Functions:
    """`client(service)` makes a client of AWS."""

    def __init__(
        self, kernel: Kernel, trace: Trace, rng: random.Random, client: Callable[[str], Any], recycling: float
    ) -> None:
        self._kernel = kernel
        self._trace = trace
        self._rng = rng
        self._client = client
        self._recycling = recycling
        self._idle: dict[str, list[Environment]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self.invocations: list[Invocation] = []
        self.deaths = 0
        # None is expected: what may go wrong has a name.
        self.unknown_errors: list[tuple[Invocation, BaseException]] = []

    def invoke(self, function: Function, event: Any, about: Sequence[str]) -> Invocation:
        """Runs a handler, and waits for its end."""
        invocation = Invocation(function.name, next(self._numbers), list(about), self._kernel.now)
        self.invocations.append(invocation)
        environment = self._environment(function)
        if self._kernel.now < environment.secrets_paused_until:
            invocation.faults.append(("secretsmanager", "paused"))
        context = _Context(self._kernel, invocation, self._kernel.now + function.timeout)
        payload = json.dumps(event)

        def run() -> Any:
            return json.dumps(environment.handler(json.loads(payload), context))

        task = self._kernel.spawn(f"{function.name}-{invocation.number}", run, owner=invocation)
        if not self._kernel.join(task, function.timeout):
            invocation.is_late = True
            task.kill()
            self._trace.note(about, function.name, "ENDED at its time limit")
        self._settle(function, environment, invocation, task)
        return invocation

    def _settle(self, function: Function, environment: Environment, invocation: Invocation, task: Task) -> None:
        invocation.ended = self._kernel.now
        if invocation.secret_failed:
            environment.secrets_paused_until = invocation.ended + PAUSE_AFTER_FAULT.total_seconds()
        invocation.is_dead = task.is_dead and not invocation.is_late
        if task.is_dead:
            self.deaths += 1
            if invocation.is_dead:
                self._trace.note(invocation.about, function.name, "DIED")
            return
        if task.error is not None:
            invocation.error = str(task.error)
            if invocation.error != "StorageUnavailable":
                self.unknown_errors.append((invocation, task.error))
            self._trace.note(invocation.about, function.name, f"FAILED {invocation.error}")
        else:
            invocation.answer = json.loads(task.result)
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
        return Environment(function, self._bridge, skew)

    def _bridge(self, settings: Settings, skew: float) -> Dependencies:
        kernel, rng = self._kernel, self._rng
        return Dependencies(
            settings,
            client=self._client,
            now=lambda: datetime.fromtimestamp(kernel.now + skew, UTC),
            random_bytes=lambda count: canaries.random_bytes(rng, count),
            draw=rng.uniform,
            clock=lambda: kernel.now,
            sleep=kernel.sleep,
        )
