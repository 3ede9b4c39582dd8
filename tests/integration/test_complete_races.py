"""Concurrent checks of one verification make one vendor call, and a slow check does not undo a faster one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain.schedule import MIN_CHECK_INTERVAL_SECONDS
from bridge.domain.verification import Status
from bridge.vendor.client import Vendor
from bridge.vendor.response import VendorResponse
from tests.integration.harness import World
from tests.marks import slow_except


def test_returns_and_refreshes_within_five_seconds_cost_one_vendor_call(world: World) -> None:
    verification = world.new()
    refresh = f"/verifications/{verification.id}/refresh"

    world.returns(verification)
    for _ in range(3):
        world.clock.advance(1.6)
        world.returns(verification)
        assert world.functions.api("POST", refresh).status == 200
    assert world.vendor.calls()["get"] == 1

    world.clock.advance(0.2)
    world.returns(verification)
    assert world.vendor.calls()["get"] == 2


def test_eight_concurrent_checks_make_one_vendor_call(world: World) -> None:
    verification = world.new("verified")
    start = Barrier(8)

    def check(_: int) -> Status | None:
        start.wait(60)
        seen = world.check(verification).verification
        return seen.status if seen else None

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(check, range(8)))

    assert Status.VERIFIED in statuses <= {Status.PENDING, Status.VERIFIED}
    assert world.vendor.calls()["get"] == 1
    assert world.row(verification)["sequence"] == 2


class OvertakenVendor:
    """A vendor that runs an action before it returns its next record."""

    def __init__(self, deps: Dependencies, meanwhile: Callable[[], Any]) -> None:
        self._deps = deps
        self._vendor: Vendor = deps.vendor
        self._meanwhile = meanwhile

    def fetch(self, token: str, **options: Any) -> VendorResponse:
        vars(self._deps)["vendor"] = self._vendor
        try:
            return self._vendor.fetch(token, **options)
        finally:
            self._meanwhile()


@pytest.mark.parametrize("stale", slow_except("ocr_passed", of=["untouched", "ocr_passed", "9102+expired", "expired"]))
@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_check_does_not_undo_a_faster_one(world: World, stale: str, fault: str | None) -> None:
    verification = world.new(stale)
    if fault:
        world.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, Any]] = []

    def overtake() -> None:
        world.clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        world.play(verification, "verified")
        world.check(verification)
        quick.append(world.row(verification))

    vars(world.deps)["vendor"] = OvertakenVendor(world.deps, overtake)
    slow = world.check(verification).verification

    assert slow is not None
    assert slow.status is Status.VERIFIED
    assert quick[0]["status"] == "verified"
    assert [world.row(verification)] == quick


def test_a_slow_check_with_evidence_wins_over_a_fast_one_without(world: World) -> None:
    verification = world.new("verified")

    def overtake() -> None:
        world.clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        world.play(verification, "9102+expired")
        world.check(verification)

    vars(world.deps)["vendor"] = OvertakenVendor(world.deps, overtake)
    world.check(verification)

    row = world.row(verification)
    assert (row["status"], row["sequence"]) == ("verified", 3)
    assert "reason_code" not in row


@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_check_does_not_reschedule_over_a_faster_one(world: World, fault: str | None) -> None:
    verification = world.new()
    if fault:
        world.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, int]] = []

    def overtake() -> None:
        world.clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        world.check(verification)
        quick.append(world.stored.due())

    vars(world.deps)["vendor"] = OvertakenVendor(world.deps, overtake)
    world.check(verification)

    assert [world.stored.due()] == quick
    assert world.row(verification)["failures"] == 0
