"""Several ask about one verification: the vendor hears one of them, and a slow one undoes nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from bridge.models import Status
from bridge.schedule import MIN_CHECK_INTERVAL_SECONDS
from bridge.vendor import Vendor
from bridge.vendor_answer import Answer
from bridge.wiring import Bridge
from tests.integration.driving import Clock, Functions, check, new, return_path, token_of
from tests.integration.kept import Kept
from tests.marks import slow_but
from tests.sandbox.sandbox import Sandbox


def test_in_five_seconds_the_vendor_is_asked_once_whoever_asks(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, clock: Clock
) -> None:
    verification = new(bridge)
    refresh = f"/verifications/{verification.id}/refresh"

    functions.browser(return_path(verification))
    for _ in range(3):
        clock.advance(1.6)
        functions.browser(return_path(verification))
        assert functions.api("POST", refresh).status == 200
    assert sandbox.vendor.calls()["get"] == 1

    clock.advance(0.2)
    functions.browser(return_path(verification))
    assert sandbox.vendor.calls()["get"] == 2


def test_eight_at_once_make_one_vendor_call(sandbox: Sandbox, bridge: Bridge, kept: Kept) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified")
    start = Barrier(8)

    def ask(_: int) -> Status | None:
        start.wait(60)
        seen = check(bridge, verification.id).verification
        return seen.status if seen else None

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(ask, range(8)))

    assert Status.VERIFIED in statuses <= {Status.PENDING, Status.VERIFIED}
    assert sandbox.vendor.calls()["get"] == 1
    assert kept.row(verification.id)["sequence"] == 2


class Overtaken:
    """Asks the vendor, and hands the answer over only after something else has happened."""

    def __init__(self, bridge: Bridge, meanwhile: Callable[[], Any]) -> None:
        self._bridge = bridge
        self._vendor: Vendor = bridge.vendor
        self._meanwhile = meanwhile

    def fetch(self, token: str, **how: Any) -> Answer:
        vars(self._bridge)["vendor"] = self._vendor
        try:
            return self._vendor.fetch(token, **how)
        finally:
            self._meanwhile()


@pytest.mark.parametrize("stale", slow_but("ocr_passed", of=["untouched", "ocr_passed", "9102+expired", "expired"]))
@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_asker_does_not_undo_what_a_quicker_one_wrote(
    sandbox: Sandbox, bridge: Bridge, kept: Kept, clock: Clock, stale: str, fault: str | None
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), stale)
    if fault:
        sandbox.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, Any]] = []

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        sandbox.vendor.play(token_of(verification), "verified")
        check(bridge, verification.id)
        quick.append(kept.row(verification.id))

    vars(bridge)["vendor"] = Overtaken(bridge, overtake)
    slow = check(bridge, verification.id).verification

    assert slow is not None
    assert slow.status is Status.VERIFIED
    assert quick[0]["status"] == "verified"
    assert [kept.row(verification.id)] == quick


def test_a_slow_asker_with_the_proof_wins_over_a_quick_one_without(
    sandbox: Sandbox, bridge: Bridge, kept: Kept, clock: Clock
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified")

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        sandbox.vendor.play(token_of(verification), "9102+expired")
        check(bridge, verification.id)

    vars(bridge)["vendor"] = Overtaken(bridge, overtake)
    check(bridge, verification.id)

    row = kept.row(verification.id)
    assert (row["status"], row["sequence"]) == ("verified", 3)
    assert "reason_code" not in row


@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_asker_does_not_move_the_time_that_a_quicker_one_set(
    sandbox: Sandbox, bridge: Bridge, kept: Kept, clock: Clock, fault: str | None
) -> None:
    verification = new(bridge)
    if fault:
        sandbox.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, int]] = []

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        check(bridge, verification.id)
        quick.append(kept.due())

    vars(bridge)["vendor"] = Overtaken(bridge, overtake)
    check(bridge, verification.id)

    assert [kept.due()] == quick
    assert kept.row(verification.id)["failures"] == 0
