"""The sandbox's API Gateway in simulated time, with latency, throttles and its limit on an integration."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox import gateway
from tests.sandbox.events import HttpRequest, find_route
from tests.sandbox.lambda_runner import FunctionError
from tests.sandbox.responses import message
from tests.sandbox.triggers import Api

from .functions import Invocation, SimulatedFunctions
from .kernel import Kernel
from .stack import DEFAULT
from .trace import Trace

HOST = "api.example"
_TIME_LIMIT = 30.0


class _TimedOutError(Exception):
    """The integration took longer than API Gateway waits."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`headers` have names in lower case. `invocations` are all of the request, also the authorizer's."""

    status: int
    headers: Mapping[str, str]
    body: str
    seconds: float
    # The time of its arrival.
    at: float = 0.0
    invocations: tuple[Invocation, ...] = ()

    def had_fault_of(self, *services: str) -> bool:
        """Whether an invocation had a fault of one of the services."""
        return any(invocation.had_fault_of(*services) for invocation in self.invocations)


@dataclass(slots=True)
class _Pending:
    about: Sequence[str]
    invocations: list[Invocation] = field(default_factory=list)


class Gateway:
    """API Gateway with one API. `throttles` is the result of stack.throttles()."""

    def __init__(
        self,
        kernel: Kernel,
        trace: Trace,
        api: Api,
        throttles: Mapping[str, tuple[float, float]],
        functions: SimulatedFunctions,
        rng: random.Random,
    ) -> None:
        self._kernel = kernel
        self._trace = trace
        self._api = api
        self._throttles = throttles
        self._functions = functions
        self._rng = rng
        self._gateway = gateway.Gateway(api, self._invoke, clock=lambda: kernel.now)
        # The tokens left in the bucket of each throttle, and the time of that count.
        self._left = {route: (burst, kernel.now) for route, (_, burst) in throttles.items()}
        # Requests without a response so far, by id.
        self._pending: dict[str, _Pending] = {}

    def request(
        self,
        method: str,
        target: str,
        *,
        about: Sequence[str],
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> HttpResponse:
        """Returns the response to a request of the running task. `target` is the path and the query."""
        began = self._kernel.now
        self._kernel.sleep(self._rng.expovariate(1 / 0.05))
        path, _, query = target.partition("?")
        given = {"host": HOST, "user-agent": "simulation", **(headers or {})}.items()
        id = f"r{self._rng.randrange(10**12)}"
        request = HttpRequest(method, path, path, query, given, (body or "").encode(), HOST, id, self._kernel.now)
        pending = self._pending[id] = _Pending(about)
        response = self._respond(request)
        del self._pending[id]
        self._kernel.sleep(self._rng.expovariate(1 / 0.05))
        self._trace.record(about, f"{method} {path.split('/')[1]}", str(response.status_code))
        return HttpResponse(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.get_data(as_text=True),
            self._kernel.now - began,
            self._kernel.now,
            tuple(pending.invocations),
        )

    def _respond(self, request: HttpRequest) -> Any:
        if self._is_throttled(request):
            return message(429)
        try:
            return self._gateway.respond(request)
        except FunctionError:
            return message(500)
        except _TimedOutError:
            return message(503)

    def _is_throttled(self, request: HttpRequest) -> bool:
        """Takes a token from the bucket of the route, else from the default one; True if it is empty."""
        match = find_route(self._api.routes, request.method, request.raw_path)
        bucket = match.route.key if match is not None and match.route.key in self._left else DEFAULT
        rate, burst = self._throttles[bucket]
        left, since = self._left[bucket]
        left = min(burst, left + rate * (self._kernel.now - since))
        self._left[bucket] = (left - 1 if left >= 1 else left, self._kernel.now)
        return left < 1

    def _invoke(self, name: str, event: Any) -> Any:
        """Invokes a function, and waits for it as long as API Gateway does."""
        pending = self._pending[event["requestContext"]["requestId"]]
        # An authorizer's result is cached for other requests, so it is not about this one.
        about = () if event.get("type") == "REQUEST" else pending.about
        task = self._kernel.spawn(
            "gateway", lambda: pending.invocations.append(self._functions.invoke(name, event, about)), owner=None
        )
        if not self._kernel.join(task, _TIME_LIMIT):
            raise _TimedOutError
        invocation = pending.invocations[-1]
        if invocation.failed:
            raise FunctionError(name)
        return invocation.result
