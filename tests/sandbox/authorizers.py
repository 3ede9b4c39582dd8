"""API Gateway's side of a Lambda authorizer: it invokes the function, reads its result, and caches it."""

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
        clock: returns seconds, for the cache.
    """

    def __init__(
        self,
        authorizers: dict[str, Authorizer],
        invoke: Invoke,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorizers = authorizers
        self._invoke = invoke
        self._clock = clock
        self._cache: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._lock = Lock()

    def authorize(self, name: str, event: Event) -> int | None:
        """Adds the caller to the event and returns None, or returns the HTTP status of the rejection.

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
        """Drops all cached results, so that the next request invokes the function."""
        with self._lock:
            self._cache.clear()

    def _result(self, name: str, authorizer: Authorizer, identity: list[str], event: Event) -> Any:
        """Returns the function's result. The cache key has no route: as on AWS, one result is valid for all routes."""
        key = (name, *identity)
        with self._lock:
            until, result = self._cache.get(key, (0.0, None))
        if result and self._clock() < until:
            return result
        result = self._invoke(authorizer.function, authorizer_event(event, _route_arn(event), identity))
        if authorizer.cache_seconds:
            with self._lock:
                self._cache[key] = (self._clock() + authorizer.cache_seconds, result)
        return result


def _route_arn(event: Event) -> str:
    context = event["requestContext"]
    method, _, path = event["routeKey"].partition(" ")
    api = f"arn:aws:execute-api:{region()}:{ACCOUNT_ID}:{context['apiId']}"
    return f"{api}/{context['stage']}/{method}{path}"
