"""When a verification is looked at next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import schedule

NOW = 1_769_846_491.5
TIMES = st.floats(min_value=0, max_value=4e9)


def lowest(low: float, high: float) -> float:
    return low


def highest(low: float, high: float) -> float:
    return high


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [(900, 300), (300, 300), (291, 300), (290, 300), (289, 299), (20, 30), (0, 10)]
)
def test_the_first_look_is_after_five_minutes_or_just_after_the_link(lifetime: int, seconds: int) -> None:
    assert schedule.first_check(1000, 1000 + lifetime) == 1000 + seconds


@given(TIMES)
def test_the_last_look_is_when_the_link_is_over(expires_at: float) -> None:
    assert expires_at + 9 < schedule.last_check(expires_at) <= expires_at + 10


@pytest.mark.parametrize(("late", "is_over"), [(-1.0, False), (0.0, False), (4.999, False), (5.0, True), (900.0, True)])
def test_a_link_counts_as_open_some_seconds_longer(late: float, is_over: bool) -> None:
    assert schedule.is_over(NOW + late, NOW) is is_over


@given(TIMES, st.floats(min_value=-2, max_value=2), st.floats(min_value=-2, max_value=2))
def test_at_the_last_look_a_link_is_over_though_clocks_differ(expires_at: float, ours: float, theirs: float) -> None:
    """One's clock says when it is due, another's when it was asked."""
    assert schedule.is_over(schedule.last_check(expires_at) - ours + theirs, expires_at)


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(1, 60), (2, 120), (3, 240), (4, 480), (5, 960), (6, 1800), (7, 1800), (10**6, 1800)]
)
def test_the_pause_after_failures_doubles_up_to_half_an_hour(failures: int, ceiling: int) -> None:
    assert schedule.after_failure(NOW, failures, lowest) == int(NOW + 10)
    assert schedule.after_failure(NOW, failures, highest) == int(NOW + 10 + ceiling)


@given(TIMES, st.integers(min_value=1), st.floats(min_value=0, max_value=1))
def test_the_pause_is_jittered_between_its_bounds(now: float, failures: int, luck: float) -> None:
    asked_again = schedule.after_failure(now, failures, lambda low, high: low + luck * (high - low))
    assert now + 9 < asked_again <= now + 1810


def test_a_claim_is_over_before_what_was_sent_is_sent_again() -> None:
    assert schedule.CLAIM < schedule.RESEND
    assert schedule.LEASE < schedule.RESERVATION


def test_nobody_is_asked_again_within_the_quiet_seconds() -> None:
    from bridge.store.completion import QUIET

    assert schedule.after_failure(NOW, 1, lowest) > NOW + QUIET
