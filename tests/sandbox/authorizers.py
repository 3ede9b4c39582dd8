"""API Gateway's part in a Lambda authorizer: which function to invoke, what its result means, how long it is cached."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from .aws import ACCOUNT_ID, region
from .events import Event, authorizer_event
from .triggers import Authorizer

Invoke = Callable[[str, Any], Any]


class Authorizers:
    """The authorizers of one API.

    Args:
        caching: False invokes the function every time, whatever the template says.
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
        self._cache: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._lock = Lock()

    def refuse(self, name: str, event: Event) -> int | None:
        """None where the caller may pass: the event then says who calls. Else the HTTP status of the refusal.

        Raises:
            FunctionError: the authorizer failed.
        """
        authorizer = self._authorizers[name]
        identity = [event["headers"].get(header, "") for header in authorizer.headers]
        if not all(identity):
            return 401
        result = self._result(name, authorizer, identity, event)
        if not isinstance(result, dict) or not isinstance(result.get("isAuthorized"), bool):
            return 500
        if not result["isAuthorized"]:
            return 403
        event["requestContext"]["authorizer"] = {"lambda": result.get("context") or {}}
        return None

    def clear_cache(self) -> None:
        """The next request invokes the function."""
        with self._lock:
            self._cache.clear()

    def _result(self, name: str, authorizer: Authorizer, identity: list[str], event: Event) -> Any:
        """By identity only, not by route: one result counts for all routes, as on AWS."""
        key = (name, *identity)
        with self._lock:
            until, result = self._cache.get(key, (0.0, None))
        if result and self._clock() < until:
            return result
        result = self._invoke(authorizer.function, authorizer_event(event, _route_arn(event), identity))
        if self._caching and authorizer.cache_seconds:
            with self._lock:
                self._cache[key] = (self._clock() + authorizer.cache_seconds, result)
        return result


def _route_arn(event: Event) -> str:
    context = event["requestContext"]
    method, _, path = event["routeKey"].partition(" ")
    api = f"arn:aws:execute-api:{region()}:{ACCOUNT_ID}:{context['apiId']}"
    return f"{api}/{context['stage']}/{method}{path}"
