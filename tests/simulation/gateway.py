"""API Gateway: routes and authorizers of the template, events of payload format 2.0, its own 30 s."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .functions import Functions, Invocation
from .kernel import Kernel
from .stack import DEFAULT, Function, Stack
from .trace import Trace

BASE_URL = "https://api.example"
_TIME_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`invocations`: what ran for it, the authorizer's included."""

    status: int
    headers: Mapping[str, str]
    body: str
    seconds: float
    # When it arrived.
    at: float = 0.0
    invocations: tuple[Invocation, ...] = ()

    def met(self, *services: str) -> bool:
        return any(invocation.met(*services) for invocation in self.invocations)


class Gateway:
    def __init__(self, kernel: Kernel, trace: Trace, stack: Stack, functions: Functions, rng: random.Random) -> None:
        self._kernel = kernel
        self._trace = trace
        self._stack = stack
        self._functions = functions
        self._rng = rng
        self._known: dict[str, tuple[float, Any]] = {}
        # What each throttled route has left, and since when.
        self._left = {route: (burst, kernel.now) for route, (_, burst) in stack.throttles.items()}
        self._routes = [(r, f) for f in stack.functions.values() for r in f.routes]

    def request(
        self,
        method: str,
        target: str,
        *,
        about: Sequence[str],
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        """The answer to a request of whoever runs; `target` begins at the path."""
        began = self._kernel.now
        self._kernel.sleep(self._rng.expovariate(1 / 0.05))
        path, _, query = target.partition("?")
        function, route, is_public, parameters = self._route(method, path)
        event = self._event(method, path, query, route, dict(headers or {}), body)
        if parameters:
            event["pathParameters"] = parameters
        ran: list[Invocation] = []
        status, answer = 0, None
        if self._is_throttled(route):
            status = 429
        elif not is_public:
            status = self._authorize(event, ran)
        if not status:
            status, answer = self._integrate(function, event, about, ran)
        self._kernel.sleep(self._rng.expovariate(1 / 0.05))
        self._trace.note(about, f"{method} {path.split('/')[1]}", str(status))
        seconds = self._kernel.now - began
        if answer is None:
            return Answer(status, {}, '{"message":"Internal Server Error"}', seconds, self._kernel.now, tuple(ran))
        reported = {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
        for name, values in (answer.get("multiValueHeaders") or {}).items():
            reported[name.lower()] = ", ".join(values)
        return Answer(status, reported, answer.get("body") or "", seconds, self._kernel.now, tuple(ran))

    def _is_throttled(self, route: str) -> bool:
        """Whether the route's token bucket is empty, or that of all without one; else it is one the poorer."""
        bucket = route if route in self._left else DEFAULT
        rate, burst = self._stack.throttles[bucket]
        left, since = self._left[bucket]
        left = min(burst, left + rate * (self._kernel.now - since))
        self._left[bucket] = (left - 1 if left >= 1 else left, self._kernel.now)
        return left < 1

    def _authorize(self, event: dict[str, Any], ran: list[Invocation]) -> int:
        """Puts the caller into the event; a status where the request ends here, else 0."""
        key = event["headers"].get("authorization", "")
        until, context = self._known.get(key, (0.0, None))
        if until < self._kernel.now:
            seen = {**event, "type": "REQUEST", "identitySource": [key]}
            seen.pop("body", None)
            invocation = self._functions.invoke(self._stack.functions["authorize"], seen, [])
            ran.append(invocation)
            if invocation.failed:
                return 500
            context = invocation.answer.get("context") if invocation.answer["isAuthorized"] else None
            self._known[key] = (self._kernel.now + self._stack.authorizer_cache, context)
        if context is None:
            return 403
        event["requestContext"]["authorizer"] = {"lambda": context}
        return 0

    def _integrate(
        self, function: Function, event: dict[str, Any], about: Sequence[str], ran: list[Invocation]
    ) -> tuple[int, Any]:
        holder: list[Invocation] = []
        task = self._kernel.spawn(
            "gateway", lambda: holder.append(self._functions.invoke(function, event, about)), owner=None
        )
        if not self._kernel.join(task, _TIME_LIMIT):
            return 503, None
        ran += holder
        if holder[0].failed:
            return 500, None
        answer = holder[0].answer
        return int(answer["statusCode"]), answer

    def _route(self, method: str, path: str) -> tuple[Function, str, bool, dict[str, str]]:
        given = path.split("/")
        for (verb, pattern, is_public), function in self._routes:
            wanted = pattern.split("/")
            pairs = list(zip(wanted, given, strict=False))
            if verb == method and len(wanted) == len(given) and all(w[:1] == "{" or w == g for w, g in pairs):
                return function, f"{method} {pattern}", is_public, {w[1:-1]: g for w, g in pairs if w[:1] == "{"}
        raise LookupError(f"no route for {method} {path}")

    def _event(
        self, method: str, path: str, query: str, route: str, headers: dict[str, str], body: str | None
    ) -> dict[str, Any]:
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example", "user-agent": "simulation", **headers},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "simulation",
                "domainName": "api.example",
                "domainPrefix": "api",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
                "requestId": f"r{self._rng.randrange(10**12)}",
                "routeKey": route,
                "stage": "$default",
                "timeEpoch": round(self._kernel.now * 1000),
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = dict(parse_qsl(query))
        if body is not None:
            event["body"] = body
        return event
