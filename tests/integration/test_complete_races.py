"""Several ask about one verification: the vendor hears one of them, and a slow one undoes nothing."""

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
from tests.integration.harness import Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.marks import slow_but
from tests.sandbox.sandbox import Sandbox


def test_in_five_seconds_the_vendor_is_asked_once_whoever_asks(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, clock: Clock
) -> None:
    verification = new(deps)
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


def test_eight_at_once_make_one_vendor_call(sandbox: Sandbox, deps: Dependencies, stored: StoredState) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    start = Barrier(8)

    def ask(_: int) -> Status | None:
        start.wait(60)
        seen = check(deps, verification.id).verification
        return seen.status if seen else None

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(ask, range(8)))

    assert Status.VERIFIED in statuses <= {Status.PENDING, Status.VERIFIED}
    assert sandbox.vendor.calls()["get"] == 1
    assert stored.row(verification.id)["sequence"] == 2


class Overtaken:
    """Asks the vendor, and hands the answer over only after something else has happened."""

    def __init__(self, deps: Dependencies, meanwhile: Callable[[], Any]) -> None:
        self._bridge = deps
        self._vendor: Vendor = deps.vendor
        self._meanwhile = meanwhile

    def fetch(self, token: str, **how: Any) -> VendorResponse:
        vars(self._bridge)["vendor"] = self._vendor
        try:
            return self._vendor.fetch(token, **how)
        finally:
            self._meanwhile()


@pytest.mark.parametrize("stale", slow_but("ocr_passed", of=["untouched", "ocr_passed", "9102+expired", "expired"]))
@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_asker_does_not_undo_what_a_quicker_one_wrote(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, stale: str, fault: str | None
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), stale)
    if fault:
        sandbox.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, Any]] = []

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        sandbox.vendor.play(token_of(verification), "verified")
        check(deps, verification.id)
        quick.append(stored.row(verification.id))

    vars(deps)["vendor"] = Overtaken(deps, overtake)
    slow = check(deps, verification.id).verification

    assert slow is not None
    assert slow.status is Status.VERIFIED
    assert quick[0]["status"] == "verified"
    assert [stored.row(verification.id)] == quick


def test_a_slow_asker_with_the_proof_wins_over_a_quick_one_without(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        sandbox.vendor.play(token_of(verification), "9102+expired")
        check(deps, verification.id)

    vars(deps)["vendor"] = Overtaken(deps, overtake)
    check(deps, verification.id)

    row = stored.row(verification.id)
    assert (row["status"], row["sequence"]) == ("verified", 3)
    assert "reason_code" not in row


@pytest.mark.parametrize("fault", [None, "500"])
def test_a_slow_asker_does_not_move_the_time_that_a_quicker_one_set(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, fault: str | None
) -> None:
    verification = new(deps)
    if fault:
        sandbox.vendor.fault(fault, on="get", times=1)
    quick: list[dict[str, int]] = []

    def overtake() -> None:
        clock.advance(MIN_CHECK_INTERVAL_SECONDS)
        check(deps, verification.id)
        quick.append(stored.due())

    vars(deps)["vendor"] = Overtaken(deps, overtake)
    check(deps, verification.id)

    assert [stored.due()] == quick
    assert stored.row(verification.id)["failures"] == 0
