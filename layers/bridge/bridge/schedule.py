"""When a verification is looked at next, by those who wait for nobody. Pure. All times in epoch seconds or seconds."""

from collections.abc import Callable

# An untouched link is looked at twice: once while it lives, for people whose browser never came back, and once after.
FIRST_CHECK = 300
AFTER_LINK = 10

# How long after its end a link still counts as open: our clocks differ by seconds, and the vendor may still be writing
# down what the person did last. Less than AFTER_LINK, by what clocks differ, so that the last look is the last.
GRACE = 5

# How long somebody who has claimed a verification may take before another may complete it.
CLAIM = 60

# How long a reservation may be taken up by a retry of the same request, before it is failed. The lease is longer than
# the function that holds it can run, so two never hold one reservation.
LEASE = 30
RESERVATION = 900

# From a redaction on: how long a completion that began before it may still put down evidence, and when that is erased.
STRAGGLERS = 2 * CLAIM
LATE_ERASURE = STRAGGLERS + 10

# Seconds between the sending of a due verification and its being due again: more than the queue hides a message.
RESEND = 600

_BACKOFF = 30
_BACKOFF_CAP = 1800


def first_check(created_at: float, expires_at: float) -> int:
    return int(min(created_at + FIRST_CHECK, expires_at + AFTER_LINK))


def last_check(expires_at: float) -> int:
    return int(expires_at) + AFTER_LINK


def is_over(asked_at: float, expires_at: float) -> bool:
    """Whether what the vendor says of a link is its last word. `asked_at`: when we set out to ask, not when we heard;
    the person may have gone on in between."""
    return asked_at >= expires_at + GRACE


def after_failure(now: float, failures: int, draw: Callable[[float, float], float]) -> int:
    """When to ask again after `failures` (≥ 1) vain attempts in a row: full jitter, `draw(low, high)`.

    The floor keeps a lucky draw from asking again before the vendor may be asked at all.
    """
    ceiling = min(_BACKOFF_CAP, _BACKOFF * 2 ** min(failures, 10))
    return int(now + 10 + draw(0, ceiling))
