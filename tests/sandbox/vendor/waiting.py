"""The faults that wait for the bridge's next calls."""

import threading
from dataclasses import dataclass
from typing import Literal

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
        location: where a redirect leads.
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


class FaultQueue:
    """First in, first out; a fault strikes its number of calls and is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Append a fault with its number of strikes."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._waiting.clear()

    def take(self, operation: Operation, token: str | None) -> Fault | None:
        """The oldest fault for this call, used up once; None when the call may succeed."""
        with self._lock:
            for place, (fault, left) in enumerate(self._waiting):
                if fault.strikes(operation, token):
                    self._use(place, fault, left)
                    return fault
        return None

    def _use(self, place: int, fault: Fault, left: int | None) -> None:
        if left is None:
            return
        if left > 1:
            self._waiting[place] = (fault, left - 1)
        else:
            del self._waiting[place]
