"""When a verification is checked, and how often. Times are epoch seconds."""

from collections.abc import Callable

# A random number for jitter: draw(low, high).
Draw = Callable[[float, float], float]

# The least time between two vendor calls for one verification, in general and before a refresh.
MIN_CHECK_INTERVAL_SECONDS = 5
MIN_REFRESH_INTERVAL_SECONDS = 30

# The most checks of one verification: one while its link is valid, one at the return, three after the return, and two
# after the end of the link. Refreshes do not count, nor do checks that the vendor failed.
MAX_CHECKS = 7

# An unused link is checked once while it is valid, because the person may have closed the browser, and once after.
FIRST_CHECK_SECONDS = 300
AFTER_LINK_SECONDS = 10

# A used link is checked once more after its end, because the vendor may store a result late.
LATE_RESULT_SECONDS = 60

# How long after the end of a link a late success is still accepted.
LATE_PROOF_SECONDS = 7 * 86400

# Delays of the checks that follow a return without a final result.
FOLLOW_UP_SECONDS = (10, 30, 60)

# A check that runs earlier by this much still counts as one after the end of the link, because clocks differ.
GRACE_SECONDS = 5

# No claimer runs longer than this. If it crashes, a verification without a planned check becomes due after this time.
CLAIM_SECONDS = 60

# RESERVATION_SECONDS: how long a retry of the same request may take over a reservation before it becomes failed.
# LEASE_SECONDS is longer than the function's timeout, so two requests never hold one reservation.
LEASE_SECONDS = 30
RESERVATION_SECONDS = 900

# After a redaction: how long a check that began before it may still store evidence, and when that evidence is deleted.
IN_FLIGHT_SECONDS = 2 * CLAIM_SECONDS
LATE_ERASURE_SECONDS = IN_FLIGHT_SECONDS + 10

# If a message to finalize is lost, its verification becomes due again after this time. The queue never holds more
# messages than finalize handles in this time, even if every vendor call times out.
RESEND_SECONDS = 900

_BACKOFF_SECONDS = 30
_BACKOFF_CAP_SECONDS = 1800


def first_check(created_at: float, expires_at: float) -> int:
    return int(min(created_at + FIRST_CHECK_SECONDS, expires_at + AFTER_LINK_SECONDS))


def is_over(claimed_at: float, expires_at: float, *, is_started: bool) -> bool:
    """Whether the link was over for long enough that the vendor's record is final.

    `claimed_at` is the time before the vendor call, because the person may have continued during it.
    """
    return claimed_at >= expires_at + (LATE_RESULT_SECONDS if is_started else AFTER_LINK_SECONDS) - GRACE_SECONDS


def next_check(
    claimed_at: float, *, expires_at: float, returned_at: float | None, checks: int, is_started: bool
) -> int:
    """When the next check is due after one without a final result.

    Args:
        claimed_at: when this check began.
        expires_at: the end of the link.
        returned_at: the return that the follow-up checks refer to, if any.
        checks: how many checks counted, including this one.
        is_started: whether the person has begun or returned.
    """
    end = int(expires_at) + (LATE_RESULT_SECONDS if is_started else AFTER_LINK_SECONDS)
    planned = [end]
    # The last check is always reserved for the end of the link.
    if checks < MAX_CHECKS - 1:
        planned.append(int(expires_at) + AFTER_LINK_SECONDS)
        planned += [int(returned_at) + delay for delay in FOLLOW_UP_SECONDS if returned_at is not None]
    return min((time for time in planned if time >= claimed_at + MIN_CHECK_INTERVAL_SECONDS), default=end)


def has_follow_up(now: float, returned_at: float | None) -> bool:
    """Whether follow-up checks of an earlier return are still to come."""
    return returned_at is not None and now < int(returned_at) + FOLLOW_UP_SECONDS[-1]


def is_followed(now: float, returned_at: float | None) -> bool:
    """Whether the follow-up checks of an earlier return also cover a return at `now`.

    They do if the last of them is at least 30 s away.
    """
    return returned_at is not None and now < int(returned_at) + FOLLOW_UP_SECONDS[-2]


def may_check_again(now: float, *, returned_at: float | None, checks: int) -> bool:
    """Whether another return may be checked immediately; otherwise the planned checks cover it.

    During the follow-up checks of an earlier return, one check must remain for a later return.
    """
    left = MAX_CHECKS - 1 - checks
    if returned_at is None or not has_follow_up(now, returned_at):
        return left > 0
    return left > 1 + sum(now < int(returned_at) + delay for delay in FOLLOW_UP_SECONDS)


def after_failure(now: float, failures: int, draw: Draw) -> int:
    """When to check again after `failures` (≥ 1) failed checks in a row: exponential backoff with full jitter.

    The constant 10 s keeps the check from running before MIN_CHECK_INTERVAL_SECONDS have passed.
    """
    ceiling = min(_BACKOFF_CAP_SECONDS, _BACKOFF_SECONDS * 2 ** min(failures, 10))
    return int(now + 10 + draw(0, ceiling))
