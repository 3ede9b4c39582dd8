"""The queue of faults for the bridge's next calls."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import UnknownNameError

Operation = Literal["create", "get"]
On = Literal["create", "get", "any"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a call to go wrong.

    Attributes:
        name: a name in faults.FAULTS. `inner_status` may have a number: `inner_status:401`.
        on: the operations that it applies to.
        times: the number of calls that it applies to, or None for every call until it is cleared.
        seconds: the delay, or the pause between two bytes of a drip. None is the fault's default.
        retry_after: seconds in a Retry-After header, or None for no header.
        location: the target of a redirect.
        token: the only verification that it applies to, or None for all.
    """

    name: str
    on: On = "any"
    times: int | None = 1
    seconds: float | None = None
    retry_after: int | None = None
    location: str | None = None
    token: str | None = None

    def applies_to(self, operation: Operation, token: str | None) -> bool:
        """Returns whether the fault applies to a call. Only a GET has a `token`."""
        return self.on in ("any", operation) and self.token in (None, token)


_TYPES: dict[str, tuple[type, ...]] = {
    "on": (str,),
    "times": (int, type(None)),
    "seconds": (int, float, type(None)),
    "retry_after": (int, type(None)),
    "location": (str, type(None)),
    "token": (str, type(None)),
}


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """Returns the fault of a JSON object: {"fault": name} and any other fields of Fault.

    Raises:
        ValueError: a field is unknown or has the wrong type.
    """
    if unknown := sorted(body.keys() - {"fault", *_TYPES}):
        raise ValueError(f"unknown fields: {', '.join(unknown)}")
    given = {name: body[name] for name in _TYPES if name in body}
    for name, value in given.items():
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise ValueError(f"{name} has the wrong type")
    if given.get("on", "any") not in get_args(On):
        raise UnknownNameError("operation", given["on"], get_args(On))
    if isinstance(given.get("times"), int) and given["times"] < 1:
        raise ValueError("times must be at least 1, or null for every call")
    return Fault(name=str(body.get("fault")), **given)


class FaultQueue:
    """A first-in, first-out queue. A fault leaves it after its number of calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Appends a fault."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Drops all faults."""
        with self._lock:
            self._waiting.clear()

    def take(self, operation: Operation, token: str | None) -> Fault | None:
        """Uses the oldest fault that applies to the call once, and returns it, or None."""
        with self._lock:
            for place, (fault, left) in enumerate(self._waiting):
                if fault.applies_to(operation, token):
                    if left is not None:
                        self._waiting[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None
