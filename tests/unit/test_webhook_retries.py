"""When a webhook that failed is sent again."""

import itertools
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from bridge.domain.webhook_retries import GIVE_UP_AFTER, LONGEST, next_attempt, retry_after_seconds

NOW = 1_800_000_000.0
HOUR = 3600
DATE = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)


def delay_after(attempts: int, *, share: float = 1.0, retry_after: float | None = None, age: float = 0.0) -> int | None:
    """Returns the delay. `share` is the random draw: 1 is the longest delay, 0 the shortest."""
    return next_attempt(
        attempts, sent_at=NOW - age, now=NOW, retry_after=retry_after, draw=lambda low, high: low + (high - low) * share
    )


@pytest.mark.parametrize(
    ("attempts", "longest"),
    [
        (0, 5),
        (1, 5),
        (2, 300),
        (3, 1800),
        (4, 2 * HOUR),
        (5, 5 * HOUR),
        (6, 11 * HOUR),
        (7, 11 * HOUR),
        (30, 11 * HOUR),
    ],
)
def test_delays_grow_to_eleven_hours_less_a_jitter_of_a_tenth(attempts: int, longest: int) -> None:
    assert (delay_after(attempts), delay_after(attempts, share=0)) == (longest, int(0.9 * longest))


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [(None, 300), (0, 300), (299, 300), (301, 301), (LONGEST, LONGEST), (LONGEST + 1, LONGEST), (10.0**12, LONGEST)],
)
def test_a_longer_retry_after_counts_up_to_eleven_hours(retry_after: float | None, expected: int) -> None:
    assert delay_after(2, retry_after=retry_after) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [(GIVE_UP_AFTER - 1, 5), (GIVE_UP_AFTER, None), (GIVE_UP_AFTER + 1, None)]
)
def test_a_webhook_is_given_up_after_72_hours(age: float, expected: int | None) -> None:
    assert delay_after(1, age=age) == expected
    assert delay_after(1, age=age, retry_after=1) == expected


@pytest.mark.parametrize(("share", "expected"), [(1.0, 12), (0.0, 13)])
def test_a_webhook_to_a_dead_receiver_gets_about_a_dozen_attempts(share: float, expected: int) -> None:
    age = 0.0
    for attempts in itertools.count(1):
        delay = delay_after(attempts, share=share, age=age)
        if delay is None:
            break
        age += delay
    assert attempts == expected
    assert age < 84 * HOUR


def test_the_delays_can_be_replaced_for_a_local_stack() -> None:
    delays = [
        next_attempt(n, sent_at=NOW, now=NOW, retry_after=None, draw=lambda low, high: high, delays=(1, 2))
        for n in (1, 2, 9)
    ]
    assert delays == [1, 2, 2]
    assert next_attempt(1, sent_at=NOW, now=NOW, retry_after=None, draw=lambda low, high: low, delays=(0,)) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("9" * 400, LONGEST),
        (DATE, 90),
        (DATE.replace("GMT", "+0000"), 90),
        (DATE.replace("GMT", "-0000"), 90),
        (DATE.replace("GMT", "+0100"), 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sun, 06-Nov-94 08:49:37 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
        ("Fri, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_a_date_of_retry_after_is_in_utc_on_any_machine(zone: str) -> None:
    assert retry_after_seconds(DATE.replace("GMT", zone), NOW) == 90
