"""When a verification is checked, and how often. All times are epoch seconds, all durations seconds."""

from collections.abc import Callable

# A number for jitter: draw(low, high).
Draw = Callable[[float, float], float]

# Seconds between two vendor calls about one verification: for whoever asks, and for a refresh.
MIN_CHECK_INTERVAL_SECONDS = 5
MIN_REFRESH_INTERVAL_SECONDS = 30

# The most checks of one verification: one while its link lives, one at the return, three that follow it, and two after
# the link has ended. Refreshes, and checks in which the vendor failed, do not count.
MAX_CHECKS = 7

# A link that nobody has used is checked once while it lives, as its person may have closed the browser, and once after.
FIRST_CHECK = 300
AFTER_LINK = 10

# A link that somebody has used is checked once more, as the vendor may store a result late.
LATE_RESULT = 60

# A return that decided nothing is followed by checks.
FOLLOW_UPS = (10, 30, 60)

# How much earlier than planned a check still counts as one after the end of the link: clocks differ by seconds.
GRACE = 5

# No claimer runs for longer. If it crashes, a verification without a planned check becomes due after this time.
CLAIM_SECONDS = 60

# How long a retry of the same request may take up a reservation, before it fails. The lease is longer than the function
# that holds it can run, so two never hold one reservation.
LEASE_SECONDS = 30
RESERVATION = 900

# After a redaction: how long a completion that began before it may still put evidence, and when that is deleted.
IN_FLIGHT_SECONDS = 2 * CLAIM_SECONDS
LATE_ERASURE = IN_FLIGHT_SECONDS + 10

# If a message to finalize is lost, its verification becomes due again after this time. It is longer than a message can
# wait: the queue never holds more than finalize handles in this time, even if the vendor times out at each call.
RESEND = 900

_BACKOFF = 30
_BACKOFF_CAP = 1800


def first_check(created_at: float, expires_at: float) -> int:
    return int(min(created_at + FIRST_CHECK, expires_at + AFTER_LINK))


def last_check(expires_at: float) -> int:
    """The last check of a link that nobody has used."""
    return int(expires_at) + AFTER_LINK


def is_over(claimed_at: float, expires_at: float, *, is_started: bool) -> bool:
    """Whether the vendor's record of a link is final. `asked_at` is the time before the request: the person may have
    gone on since."""
    return claimed_at >= expires_at + (LATE_RESULT if is_started else AFTER_LINK) - GRACE


def next_check(
    claimed_at: float, *, expires_at: float, returned_at: float | None, checks: int, is_started: bool
) -> int:
    """The next check after one that decided nothing.

    Args:
        asked_at: when the check began.
        expires_at: the end of the link.
        returned_at: the return that the follow-ups refer to, if any.
        checks: how many there were, including this one.
        is_started: whether the person has returned or begun.
    """
    end = int(expires_at) + (LATE_RESULT if is_started else AFTER_LINK)
    planned = [end]
    # The last check is always kept for the end.
    if checks < MAX_CHECKS - 1:
        planned.append(int(expires_at) + AFTER_LINK)
        planned += [int(returned_at) + delay for delay in FOLLOW_UPS if returned_at is not None]
    return min((time for time in planned if time >= claimed_at + MIN_CHECK_INTERVAL_SECONDS), default=end)


def has_follow_up(now: float, returned_at: float | None) -> bool:
    """Whether checks still follow an earlier return."""
    return returned_at is not None and now < int(returned_at) + FOLLOW_UPS[-1]


def is_followed(now: float, returned_at: float | None) -> bool:
    """Whether checks that follow an earlier return follow one at `now`, too: the last of them comes half a minute later
    or more."""
    return returned_at is not None and now < int(returned_at) + FOLLOW_UPS[-2]


def may_check_again(now: float, *, returned_at: float | None, checks: int) -> bool:
    """Whether a further return may ask the vendor at once; else the planned checks answer it.

    While checks follow an earlier return, it may if one more is left for a later return.
    """
    left = MAX_CHECKS - 1 - checks
    if returned_at is None or not has_follow_up(now, returned_at):
        return left > 0
    return left > 1 + sum(now < int(returned_at) + delay for delay in FOLLOW_UPS)


def after_failure(now: float, failures: int, draw: Draw) -> int:
    """When to check again after `failures` (≥ 1) in a row: full jitter, `draw(low, high)`.

    The floor keeps a low draw from asking again before the vendor may be asked at all.
    """
    ceiling = min(_BACKOFF_CAP, _BACKOFF * 2 ** min(failures, 10))
    return int(now + 10 + draw(0, ceiling))
