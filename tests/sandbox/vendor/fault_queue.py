"""The faults that wait for the bridge's next calls."""

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
        name: a name in faults.FAULTS; `inner_status` may carry its number: `inner_status:401`.
        on: the calls that it strikes.
        times: how many calls it strikes; None is every call until it is cleared.
        seconds: how long it lasts, or between two bytes of a drip; None is the fault's own default.
        retry_after: seconds in a Retry-After header; None sends none.
        location: the target of a redirect.
        token: strikes only a GET of this verification; None strikes all.
    """

    name: str
    on: On = "any"
    times: int | None = 1
    seconds: float | None = None
    retry_after: int | None = None
    location: str | None = None
    token: str | None = None

    def strikes(self, operation: Operation, token: str | None) -> bool:
        """Whether this fault is for a call of `operation`; a GET comes with its `token`."""
        return self.on in ("any", operation) and self.token in (None, token)


_KINDS: dict[str, tuple[type, ...]] = {
    "on": (str,),
    "times": (int, type(None)),
    "seconds": (int, float, type(None)),
    "retry_after": (int, type(None)),
    "location": (str, type(None)),
    "token": (str, type(None)),
}


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """A fault from a JSON object: {"fault": name} and any other field of Fault.

    Raises:
        ValueError: a field is unknown or of the wrong kind.
    """
    if unknown := sorted(body.keys() - {"fault", *_KINDS}):
        raise ValueError(f"unknown fields: {', '.join(unknown)}")
    given = {name: body[name] for name in _KINDS if name in body}
    for name, value in given.items():
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise ValueError(f"{name} is of the wrong kind")
    if given.get("on", "any") not in get_args(On):
        raise UnknownNameError("operation", given["on"], get_args(On))
    if isinstance(given.get("times"), int) and given["times"] < 1:
        raise ValueError("times must be at least 1, or null for every call")
    return Fault(name=str(body.get("fault")), **given)


class FaultQueue:
    """First in, first out; a fault strikes its number of calls and is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Appends a fault."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Drops all that wait."""
        with self._lock:
            self._waiting.clear()

    def take(self, operation: Operation, token: str | None) -> Fault | None:
        """The oldest fault for this call, used up once; None when the call may succeed."""
        with self._lock:
            for place, (fault, left) in enumerate(self._waiting):
                if fault.strikes(operation, token):
                    if left is not None:
                        self._waiting[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None
