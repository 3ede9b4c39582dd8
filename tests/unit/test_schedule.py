"""When a verification is checked next."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain import schedule

NOW = 1_769_846_491.5
TIMES = st.floats(min_value=0, max_value=4e9)


def lowest(low: float, high: float) -> float:
    return low


def highest(low: float, high: float) -> float:
    return high


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [(900, 300), (300, 300), (291, 300), (290, 300), (289, 299), (20, 30), (0, 10)]
)
def test_the_first_check_is_after_five_minutes_or_just_after_the_link(lifetime: int, seconds: int) -> None:
    assert schedule.first_check(1000, 1000 + lifetime) == 1000 + seconds


@pytest.mark.parametrize(("is_started", "end"), [(False, 5), (True, 55)])
def test_a_link_is_over_some_seconds_after_it_expires(is_started: bool, end: float) -> None:
    assert not schedule.is_over(NOW + end - 0.001, NOW, is_started=is_started)
    assert schedule.is_over(NOW + end, NOW, is_started=is_started)


@given(TIMES, st.booleans(), st.floats(min_value=-2, max_value=2), st.floats(min_value=-2, max_value=2))
def test_the_link_is_over_at_the_last_check_even_if_clocks_differ(
    expires_at: float, is_started: bool, ours: float, theirs: float
) -> None:
    """The clock that says when the check is due and the clock of the checker may differ."""
    last = schedule.next_check(
        expires_at + 20, expires_at=expires_at, returned_at=None, checks=5, is_started=is_started
    )
    assert schedule.is_over(last - ours + theirs, expires_at, is_started=is_started)


# Returns of the person and expected checks, in seconds since a link of 15 minutes was made. No check decides anything.
TIMELINES = [
    ([], [300, 910], False),
    ([], [300, 910, 960], True),
    ([60], [60, 70, 90, 120, 910, 960], True),
    ([400], [300, 400, 410, 430, 460, 910, 960], True),
    ([60, 66], [60, 66, 76, 96, 126, 910, 960], True),
    ([60, 500], [60, 70, 90, 120, 500, 510, 960], True),
    ([895], [300, 895, 905, 910, 925, 955], True),
]


@pytest.mark.parametrize(("returns", "expected", "is_started"), TIMELINES)
def test_checks_follow_the_returns(returns: list[int], expected: list[int], is_started: bool) -> None:
    assert check_times(returns, is_started=is_started) == expected


@given(st.lists(st.integers(min_value=0, max_value=900), max_size=60))
def test_any_series_of_returns_has_at_most_max_checks_and_a_last_one(returns: list[int]) -> None:
    times = check_times(sorted(returns), is_started=True)
    assert len(times) <= schedule.MAX_CHECKS
    assert times[-1] >= 955


def check_times(returns: list[int], *, is_started: bool) -> list[int]:
    """Returns the times of all checks of a link that is usable from 0 to 900. No check decides anything."""
    times: list[int] = []
    returned_at, due = None, schedule.first_check(0, 900)
    remaining = list(returns)
    while True:
        is_return = bool(remaining) and remaining[0] < due
        now = remaining.pop(0) if is_return else due
        if is_return:
            is_allowed = returned_at is None or schedule.may_check_again(
                now, returned_at=returned_at, checks=len(times)
            )
            is_skipped = not is_allowed or (times and now < times[-1] + schedule.MIN_CHECK_INTERVAL_SECONDS)
            if not is_skipped or not schedule.is_followed(now, returned_at):
                returned_at = now
            if is_skipped:
                due = min(due, next_check(now, returned_at, len(times), is_started=True))
                continue
        times.append(now)
        if schedule.is_over(now, 900, is_started=is_started or returned_at is not None):
            return times
        due = next_check(now, returned_at, len(times), is_started=is_started or returned_at is not None)


def next_check(now: int, returned_at: int | None, checks: int, *, is_started: bool) -> int:
    return schedule.next_check(now, expires_at=900, returned_at=returned_at, checks=checks, is_started=is_started)


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(1, 60), (2, 120), (3, 240), (4, 480), (5, 960), (6, 1800), (7, 1800), (10**6, 1800)]
)
def test_the_pause_after_failures_doubles_up_to_half_an_hour(failures: int, ceiling: int) -> None:
    assert schedule.after_failure(NOW, failures, lowest) == int(NOW + 10)
    assert schedule.after_failure(NOW, failures, highest) == int(NOW + 10 + ceiling)


@given(TIMES, st.integers(min_value=1), st.floats(min_value=0, max_value=1))
def test_the_pause_is_jittered_between_its_bounds(now: float, failures: int, share: float) -> None:
    due = schedule.after_failure(now, failures, lambda low, high: low + share * (high - low))
    assert now + 9 < due <= now + 1810


def test_a_claim_ends_before_its_message_is_sent_again() -> None:
    assert schedule.CLAIM_SECONDS < schedule.RESEND_SECONDS
    assert schedule.LEASE_SECONDS < schedule.RESERVATION_SECONDS


def test_no_check_is_planned_within_the_minimum_interval() -> None:
    assert schedule.after_failure(NOW, 1, lowest) > NOW + schedule.MIN_CHECK_INTERVAL_SECONDS


@pytest.mark.parametrize(
    ("is_covered", "delay"),
    [(schedule.is_followed, schedule.FOLLOW_UP_SECONDS[-2]), (schedule.has_follow_up, schedule.FOLLOW_UP_SECONDS[-1])],
)
def test_follow_ups_of_a_return_cover_the_time_before_the_last_ones(
    is_covered: Callable[[float, float], bool], delay: int
) -> None:
    assert is_covered(1000 + delay - 0.001, 1000)
    assert not is_covered(1000 + delay, 1000)


@pytest.mark.parametrize(("returned_at", "reserved"), [(None, 1), (1000.0, 5), (985.0, 4), (965.0, 3), (900.0, 1)])
def test_another_return_is_checked_while_enough_checks_remain(returned_at: float | None, reserved: int) -> None:
    """Reserved are a check for the end of the link, those that follow up, and one for a later return beside them."""
    most = schedule.MAX_CHECKS - reserved
    allowed = [schedule.may_check_again(1000.0, returned_at=returned_at, checks=checks) for checks in (most - 1, most)]
    assert allowed == [True, False]
