"""API Gateway's part in a Lambda authorizer: whom to ask, what the answer means, how long to believe it."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from werkzeug.wrappers import Response

from .answers import message
from .aws import ACCOUNT_ID, region
from .events import Event, authorizer_event
from .wiring import Authorizer

Invoke = Callable[[str, Any], Any]


class Authorizers:
    """The authorizers of one API.

    Args:
        caching: False asks the function every time, whatever the template says.
        clock: seconds, for the cache.
    """

    def __init__(
        self,
        authorizers: dict[str, Authorizer],
        invoke: Invoke,
        *,
        caching: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorizers = authorizers
        self._invoke = invoke
        self._caching = caching
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Event]] = {}
        self._lock = Lock()

    def refuse(self, name: str, event: Event) -> Response | None:
        """None where the caller may pass: the event then says who calls. Else what to answer.

        Raises:
            FunctionError: the authorizer failed.
        """
        authorizer = self._authorizers[name]
        identity = [event["headers"].get(header, "") for header in authorizer.headers]
        if not all(identity):
            return message(401, "Unauthorized")
        verdict = self._verdict(name, authorizer, identity, event)
        if not isinstance(verdict, dict) or not isinstance(verdict.get("isAuthorized"), bool):
            return message(500, "Internal Server Error")
        if not verdict["isAuthorized"]:
            return message(403, "Forbidden")
        event["requestContext"]["authorizer"] = {"lambda": verdict.get("context") or {}}
        return None

    def forget(self) -> None:
        """Empties the cache."""
        with self._lock:
            self._known.clear()

    def _verdict(self, name: str, authorizer: Authorizer, identity: list[str], event: Event) -> Any:
        """By identity only, not by route: one answer is good for all routes, as on AWS."""
        key = (name, *identity)
        with self._lock:
            until, verdict = self._known.get(key, (0.0, {}))
        if verdict and self._clock() < until:
            return verdict
        verdict = self._invoke(authorizer.function, authorizer_event(event, _route_arn(event), identity))
        if self._caching and authorizer.cache_seconds:
            with self._lock:
                self._known[key] = (self._clock() + authorizer.cache_seconds, verdict)
        return verdict


def _route_arn(event: Event) -> str:
    context = event["requestContext"]
    method, _, path = event["routeKey"].partition(" ")
    api = f"arn:aws:execute-api:{region()}:{ACCOUNT_ID}:{context['apiId']}"
    return f"{api}/{context['stage']}/{method}{path}"
