"""The vendor's rate limit: a sliding window of one minute."""

import threading
from collections import deque
from collections.abc import Callable

RATE_LIMIT_PER_MINUTE = 400
WINDOW_SECONDS = 60.0


class RateLimit:
    """Allows `per_minute` calls in any 60 seconds of `clock`. None allows all."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Returns whether one more call is allowed now. A rejected call does not count."""
        if self._per_minute is None:
            return True
        with self._lock:
            now = self._clock()
            while self._times and self._times[0] <= now - WINDOW_SECONDS:
                self._times.popleft()
            if len(self._times) >= self._per_minute:
                return False
            self._times.append(now)
            return True

    def remove(self) -> None:
        """Allows all further calls."""
        self._per_minute = None

    def reset(self) -> None:
        """Forgets all earlier calls."""
        with self._lock:
            self._times.clear()
