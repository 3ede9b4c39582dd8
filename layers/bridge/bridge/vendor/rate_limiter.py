"""Shares the vendor's rate limit with counters in DynamoDB: one write before each vendor call.

An item counts the calls of one window: in total, per call class and per principal. Creates and returns have priority
because a person waits for them. The other classes stop before the window is used up.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from bridge.domain.caller import owner
from bridge.domain.checks import CallClass
from bridge.domain.errors import StorageUnavailable, VendorLimitReached
from bridge.observability import record_failure
from bridge.store.call_counters import CallCounters

# We do not know when the vendor's minute begins. Any minute overlaps at most five windows of this length.
WINDOW_SECONDS = 15
_WINDOWS_PER_MINUTE = 60 // WINDOW_SECONDS + 1


class _Share(NamedTuple):
    """Limits of a call class, as fractions of a window.

    total: the class stops when all classes together have used this.
    call_class: what the class itself may use.
    principal: what one principal may use within the class; None if it has no limit of its own.
    """

    total: float = 1.0
    call_class: float = 1.0
    principal: float | None = None


_SHARES = {
    CallClass.CREATE: _Share(principal=0.85),
    CallClass.RETURN: _Share(principal=0.85),
    CallClass.BACKGROUND: _Share(total=0.8),
    CallClass.REFRESH: _Share(total=0.6, call_class=0.2, principal=0.1),
}
# Classes that continue if the counters are unavailable, because a person waits. The other classes stop.
_FAIL_OPEN = (CallClass.CREATE, CallClass.RETURN)


class RateLimiter:
    """Permits vendor calls.

    Args:
        limit: calls per minute that the vendor allows.
        background: calls per minute that scheduled checks may use.
    """

    def __init__(self, counters: CallCounters, *, limit: int, background: int, now: Callable[[], datetime]) -> None:
        self._counters = counters
        self._calls_per_window = limit // _WINDOWS_PER_MINUTE
        self._background_calls = max(1, background * WINDOW_SECONDS // 60)
        self._now = now

    def permit(self, call: CallClass, verification_id: str, principal: str) -> Callable[[], None]:
        """A function that counts one call. The vendor client calls it before each request.

        It raises:
            VendorLimitReached: the class or the principal has used up its share.
            StorageUnavailable: DynamoDB cannot count a call of a class that is not in _FAIL_OPEN.
        """

        def acquire() -> None:
            try:
                self._count(call, principal)
            except StorageUnavailable as error:
                if call not in _FAIL_OPEN:
                    raise
                record_failure("rate_limiter_unavailable", error, verification_id=verification_id)

        return acquire

    def _count(self, call: CallClass, principal: str) -> None:
        now = self._now().timestamp()
        window = int(now // WINDOW_SECONDS)
        if not self._counters.add_one(window, self._limits(call, principal), now=now):
            next_window = (window + 1) * WINDOW_SECONDS
            raise VendorLimitReached(retry_after=max(1, round(next_window - now)))

    def _limits(self, call: CallClass, principal: str) -> dict[str, int]:
        """The counters of a call, with their limits."""
        share = _SHARES[call]
        class_limit = self._calls(share.call_class)
        if call is CallClass.BACKGROUND:
            class_limit = min(class_limit, self._background_calls)
        limits = {"total": self._calls(share.total), call.value: class_limit}
        if share.principal is not None:
            # One counter for creates and returns, because a principal that creates links can also open their return
            # URLs.
            pool = "people" if call in _FAIL_OPEN else call.value
            limits[f"{pool}:{owner(principal)}"] = self._calls(share.principal)
        return limits

    def _calls(self, share: float) -> int:
        return max(1, int(self._calls_per_window * share))
