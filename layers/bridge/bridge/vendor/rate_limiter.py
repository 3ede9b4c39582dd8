"""The vendor's rate limit, shared out by a counter in DynamoDB: one write before each vendor call.

An item counts the calls of one window: in all, of each class, and for each principal's verifications. Creates
and returns come first, as a person waits for them: the others stop while some of the window is still left for those.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.checks import CallClass
from bridge.domain.errors import StorageUnavailable, VendorLimitReached
from bridge.observability import record_failure
from bridge.store.call_counters import CallCounters

# Seconds. It is not known when the vendor's minute begins. Any minute touches at most five windows of this length.
WINDOW_SECONDS = 15
_WINDOWS = 60 // WINDOW_SECONDS + 1


@dataclass(frozen=True, slots=True)
class _Share:
    """Parts of a window: up to which total a class may go on, how much of it is its own, and how much a principal's."""

    until: float = 1.0
    own: float = 1.0
    principal: float = 1.0


_SHARES = {
    CallClass.CREATE: _Share(principal=0.85),
    CallClass.RETURN: _Share(principal=0.85),
    CallClass.BACKGROUND: _Share(until=0.8),
    CallClass.REFRESH: _Share(until=0.6, own=0.2, principal=0.1),
}
# Without the counter these go on, as a person waits; the others wait until it is back.
_OPEN = (CallClass.CREATE, CallClass.RETURN)


class RateLimiter:
    """`limit` and `background` in calls a minute: what the vendor takes, and what scheduled checks may use of it."""

    def __init__(self, counters: CallCounters, *, limit: int, background: int, now: Callable[[], datetime]) -> None:
        self._counters = counters
        self._window = limit // _WINDOWS
        self._background = max(1, background * WINDOW_SECONDS // 60)
        self._now = now

    def permit(self, call: CallClass, principal: str | None = None) -> Callable[[], None]:
        """What a vendor call has to ask before each request."""
        return lambda: self.acquire(call, principal)

    def acquire(self, call: CallClass, principal: str | None = None) -> None:
        """Counts one call. Raises VendorLimitReached if the class or the principal has used up its share.

        If DynamoDB cannot count it, creates and returns go on; the others get StorageUnavailable.
        """
        try:
            self._count(call, principal)
        except StorageUnavailable as error:
            if call not in _OPEN:
                raise
            record_failure("rate_limiter_unavailable", error)

    def _count(self, call: CallClass, principal: str | None) -> None:
        now = self._now().timestamp()
        window = int(now // WINDOW_SECONDS)
        if not self._counters.add_one(window, self._limits(call, principal), now=now):
            next_window = (window + 1) * WINDOW_SECONDS
            raise VendorLimitReached(retry_after=max(1, round(next_window - now)))

    def _limits(self, call: CallClass, principal: str | None) -> dict[str, int]:
        """The counters that a call adds to, each with its limit."""
        share = _SHARES[call]
        own = self._part(share.own)
        if call is CallClass.BACKGROUND:
            own = min(own, self._background)
        limits = {"total": self._part(share.until), call.value: own}
        if principal is not None:
            # A principal may be a person's address, and is of any length.
            sha256 = hashlib.sha256(principal.encode()).hexdigest()
            # Creates and returns count together: whoever creates can also open what it created.
            pool = "people" if call in _OPEN else call.value
            limits[f"{pool}:{sha256[:16]}"] = self._part(share.principal)
        return limits

    def _part(self, share: float) -> int:
        return max(1, int(self._window * share))
