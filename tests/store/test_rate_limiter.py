"""How the vendor's rate limit is shared among callers, and what happens if the counter is unavailable."""

from datetime import timedelta
from unittest import mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.domain.checks import CallClass
from bridge.domain.errors import StorageUnavailable, VendorLimitReached
from bridge.store.call_counters import CallCounters
from bridge.store.table import Table
from bridge.vendor.rate_limiter import RateLimiter
from tests.clock import Clock
from tests.store.factories import NOW

# Calls per minute, in all and for scheduled checks. A window has 20 calls, of which 10 are for scheduled checks.
LIMIT, BACKGROUND = 100, 40


@pytest.fixture
def clock() -> Clock:
    # The beginning of a window.
    return Clock(NOW.replace(second=30, microsecond=0))


@pytest.fixture
def limiter(table: Table, clock: Clock) -> RateLimiter:
    return RateLimiter(CallCounters(table.client, table.name), limit=LIMIT, background=BACKGROUND, now=clock)


def acquire(limiter: RateLimiter, call: CallClass, principal: str) -> None:
    limiter.permit(call, "ver_1", principal)()


def allowed_calls(limiter: RateLimiter, call: CallClass, principal: str | None = None) -> int:
    """Makes calls until one is refused, and returns how many were allowed. Each is of another principal by default."""
    for count in range(LIMIT + 1):
        try:
            acquire(limiter, call, principal or f"{call}-{count}")
        except VendorLimitReached:
            return count
    raise AssertionError("there is no limit")


def test_returns_may_use_the_whole_window_and_no_minute_exceeds_the_limit(limiter: RateLimiter, clock: Clock) -> None:
    calls_in_a_minute = 0
    for seconds in (14, 15, 30, 45, 60):
        clock.time = NOW.replace(second=30, microsecond=0) + timedelta(seconds=seconds)
        calls_in_a_minute += allowed_calls(limiter, CallClass.RETURN)
    assert calls_in_a_minute == LIMIT


def test_a_flood_of_refreshes_leaves_most_calls_to_others(limiter: RateLimiter) -> None:
    assert allowed_calls(limiter, CallClass.REFRESH, "one") == 2
    assert allowed_calls(limiter, CallClass.REFRESH, "two") == 2
    assert allowed_calls(limiter, CallClass.REFRESH, "three") == 0
    assert allowed_calls(limiter, CallClass.BACKGROUND) == 10
    assert allowed_calls(limiter, CallClass.RETURN) == 6


@pytest.mark.parametrize(("limit", "calls"), [(60, 1), (100, 2), (149, 2), (150, 3), (400, 8)])
def test_one_principal_may_refresh_a_fiftieth_of_the_limit_per_window(
    table: Table, clock: Clock, limit: int, calls: int
) -> None:
    counters = CallCounters(table.client, table.name)
    limiter = RateLimiter(counters, limit=limit, background=BACKGROUND, now=clock)
    assert allowed_calls(limiter, CallClass.REFRESH, "one") == calls


def test_the_last_calls_of_a_window_are_for_creates_and_returns(limiter: RateLimiter) -> None:
    for _ in range(8):
        acquire(limiter, CallClass.RETURN, "one")
    assert allowed_calls(limiter, CallClass.CREATE, "one") == 9
    assert allowed_calls(limiter, CallClass.RETURN, "one") == 0
    assert allowed_calls(limiter, CallClass.REFRESH, "two") == 0
    assert allowed_calls(limiter, CallClass.BACKGROUND) == 0
    assert allowed_calls(limiter, CallClass.CREATE, "two") == 3


def test_a_refused_call_has_the_start_of_the_next_window(limiter: RateLimiter, clock: Clock) -> None:
    allowed_calls(limiter, CallClass.RETURN)
    clock.time += timedelta(seconds=11)
    with pytest.raises(VendorLimitReached) as refused:
        acquire(limiter, CallClass.RETURN, "two")
    assert refused.value.retry_after == 4
    clock.time += timedelta(seconds=4)
    acquire(limiter, CallClass.RETURN, "two")


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://dynamodb.example"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem"),
    ],
)
def test_without_the_counter_only_creates_and_returns_may_call(clock: Clock, error: Exception) -> None:
    dynamodb = mock.Mock(update_item=mock.Mock(side_effect=error))
    limiter = RateLimiter(CallCounters(dynamodb, "rates"), limit=LIMIT, background=BACKGROUND, now=clock)
    acquire(limiter, CallClass.CREATE, "one")
    acquire(limiter, CallClass.RETURN, "two")
    for call in (CallClass.BACKGROUND, CallClass.REFRESH):
        with pytest.raises(StorageUnavailable):
            acquire(limiter, call, "two")


def test_principals_are_not_stored_in_plain_text(limiter: RateLimiter, table: Table) -> None:
    acquire(limiter, CallClass.CREATE, "aminah@example.com")
    (item,) = table.client.scan(TableName=table.name)["Items"]
    assert "aminah" not in str(item)
    assert item["ttl"]["N"].isdigit()
