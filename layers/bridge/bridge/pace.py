"""Spares the vendor: however many verifications are due, finalize asks at an even pace."""

from collections.abc import Callable

# How many of finalize run at once: MaximumConcurrency in template.yaml. Each keeps to its share.
CONCURRENCY = 2


class Pace:
    """`calls_per_minute` of all that run at once together; `clock` gives seconds that only grow."""

    def __init__(self, calls_per_minute: int, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = 60 * CONCURRENCY / calls_per_minute
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Waits for the next slot; slots that passed unused are not made up for."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval
