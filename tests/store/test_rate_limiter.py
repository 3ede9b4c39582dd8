"""The vendor's rate limit, shared out: who may call, how often, and what happens without the counter."""

from datetime import datetime, timedelta
from unittest import mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.domain.checks import CallClass
from bridge.domain.errors import StorageUnavailable, VendorLimitReached
from bridge.store.call_counters import CallCounters
from bridge.store.table import Table
from bridge.vendor.rate_limiter import RateLimiter
from tests.store.factories import NOW

# Of the vendor's minute, and of it for scheduled checks: windows of 20 calls, 10 of them in the background.
LIMIT, BACKGROUND = 100, 40


class Clock:
    def __init__(self) -> None:
        # Where a window begins.
        self.now = NOW.replace(second=30, microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(table: Table, clock: Clock) -> RateLimiter:
    return RateLimiter(CallCounters(table.client, table.name), limit=LIMIT, background=BACKGROUND, now=clock)


def taken(limiter: RateLimiter, call: CallClass, principal: str | None = None) -> int:
    """How many calls are let through until one is not."""
    for count in range(LIMIT + 1):
        try:
            limiter.acquire(call, principal)
        except VendorLimitReached:
            return count
    raise AssertionError("there is no limit")


def test_returns_may_use_the_whole_window_and_no_minute_exceeds_the_limit(limiter: RateLimiter, clock: Clock) -> None:
    in_a_minute = 0
    for seconds in (14, 15, 30, 45, 60):
        clock.now = NOW.replace(second=30, microsecond=0) + timedelta(seconds=seconds)
        in_a_minute += taken(limiter, CallClass.RETURN)
    assert in_a_minute == LIMIT


def test_a_flood_of_refreshes_leaves_most_to_the_others(limiter: RateLimiter) -> None:
    assert taken(limiter, CallClass.REFRESH, "one") == 2
    assert taken(limiter, CallClass.REFRESH, "two") == 2
    assert taken(limiter, CallClass.REFRESH, "three") == 0
    assert taken(limiter, CallClass.BACKGROUND) == 10
    assert taken(limiter, CallClass.RETURN) == 6


@pytest.mark.parametrize(("limit", "calls"), [(60, 1), (100, 2), (149, 2), (150, 3), (400, 8)])
def test_one_principal_has_a_fiftieth_of_the_limit_for_its_refreshes_in_a_window(
    table: Table, clock: Clock, limit: int, calls: int
) -> None:
    counters = CallCounters(table.client, table.name)
    limiter = RateLimiter(counters, limit=limit, background=BACKGROUND, now=clock)
    assert taken(limiter, CallClass.REFRESH, "one") == calls


def test_the_last_of_a_window_is_for_people_who_wait(limiter: RateLimiter) -> None:
    for _ in range(8):
        limiter.acquire(CallClass.RETURN, "one")
    assert taken(limiter, CallClass.CREATE, "one") == 9
    assert taken(limiter, CallClass.RETURN, "one") == 0
    assert taken(limiter, CallClass.REFRESH, "two") == 0
    assert taken(limiter, CallClass.BACKGROUND) == 0
    assert taken(limiter, CallClass.CREATE, "two") == 3


def test_a_call_that_is_refused_says_when_the_next_window_begins(limiter: RateLimiter, clock: Clock) -> None:
    taken(limiter, CallClass.RETURN)
    clock.now += timedelta(seconds=11)
    with pytest.raises(VendorLimitReached) as refused:
        limiter.acquire(CallClass.RETURN)
    assert refused.value.retry_after == 4
    clock.now += timedelta(seconds=4)
    limiter.acquire(CallClass.RETURN)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://dynamodb.example"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem"),
    ],
)
def test_without_the_counter_people_go_on_and_the_others_wait(clock: Clock, error: Exception) -> None:
    dynamodb = mock.Mock(update_item=mock.Mock(side_effect=error))
    limiter = RateLimiter(CallCounters(dynamodb, "rates"), limit=LIMIT, background=BACKGROUND, now=clock)
    limiter.acquire(CallClass.CREATE, "one")
    limiter.acquire(CallClass.RETURN)
    for call in (CallClass.BACKGROUND, CallClass.REFRESH):
        with pytest.raises(StorageUnavailable):
            limiter.acquire(call)


def test_no_principal_is_in_the_table_as_it_is(limiter: RateLimiter, table: Table) -> None:
    limiter.acquire(CallClass.CREATE, "aminah@example.com")
    (item,) = table.client.scan(TableName=table.name)["Items"]
    assert "aminah" not in str(item)
    assert item["ttl"]["N"].isdigit()
