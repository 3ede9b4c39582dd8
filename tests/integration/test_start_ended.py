"""Links that ended: what a return to one costs, and a vendor that no longer has the record of one."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import VendorMalformed, VendorRejected
from bridge.domain.links import DEFAULT_VALID_FOR, MAX_LINKS
from bridge.domain.verification import Verification
from tests.integration.harness import World
from tests.integration.leaks import Said
from tests.integration.test_start import end_link, opened, path
from tests.integration.test_start_faults import logged


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=DEFAULT_VALID_FOR)


class Watched:
    """The vendor; `seen` gets the token of each fetch and what was spent before it, and may raise."""

    def __init__(self, deps: Dependencies, seen: Callable[[str, float], object]) -> None:
        self._vendor, self._seen = deps.vendor, seen
        vars(deps)["vendor"] = self

    def fetch(self, token: str, **how: Any) -> Any:
        self._seen(token, how["spent"])
        return self._vendor.fetch(token, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)


@pytest.mark.parametrize("error", [VendorRejected, lambda: VendorMalformed("not JSON")], ids=["4xx", "malformed"])
def test_a_record_that_the_vendor_no_longer_has_of_an_earlier_link_is_awaited_twice(
    world: World, unopened: Verification, error: Callable[[], Exception], said: Said
) -> None:
    first = opened(world, unopened)

    def forget(token: str, _: float) -> None:
        if token == first:
            raise error()

    end_link(world, unopened)
    Watched(world.deps, forget)
    opened(world, unopened)
    end_link(world, unopened)
    opened(world, unopened)
    assert end_link(world, unopened)["status"] == "pending"
    for _ in range(2):
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    (line,) = logged(said, "earlier_link_unreadable")
    assert line["verification_id"] == unopened.id


@pytest.mark.parametrize("contradiction", ["other_token", "other_country"])
@pytest.mark.parametrize(("records", "status"), [(2, "verified"), (3, "expired")])
def test_a_record_of_an_earlier_link_that_contradicts_the_request_is_asked_for_three_times(
    world: World, unopened: Verification, contradiction: str, records: int, status: str, said: Said
) -> None:
    first = opened(world, unopened)
    for _ in range(MAX_LINKS - 1):
        end_link(world, unopened)
        opened(world, unopened)
    # The vendor stored a success late, and mixes records up when it is asked.
    world.vendor.play(first, f"verified+{contradiction}")
    assert end_link(world, unopened)["status"] == "pending"
    for number in (2, 3):
        world.vendor.play(first, f"verified+{contradiction}" if number <= records else "verified")
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()

    assert world.read(unopened)["status"] == status
    assert len(logged(said, "inconsistent_result")) == records
    is_kept = any("/unconfirmed/" in key for key in world.stored.objects(unopened.id))
    assert is_kept is (contradiction == "other_token")


def test_all_records_of_one_check_share_the_vendors_budget(
    world: World, unopened: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MAX_LINKS - 1):
        opened(world, unopened)
        end_link(world, unopened)
    opened(world, unopened)
    spent: list[float] = []
    Watched(world.deps, lambda _, seconds: spent.append(seconds))
    # A second passes before each fetch.
    monkeypatch.setattr(world.deps, "clock", itertools.count().__next__)
    assert end_link(world, unopened)["status"] == "expired"
    assert spent == [1, 2, 3]


def test_returns_to_a_link_that_ended_do_not_each_ask_the_vendor(world: World, unopened: Verification) -> None:
    world.vendor.play(opened(world, unopened), "ocr_passed")
    end_link(world, unopened)
    for _ in range(2 * schedule.MAX_CHECKS):
        world.clock.advance(schedule.FOLLOW_UPS[-1])
        assert "status=processing" in world.returns(unopened).headers["location"]
        world.sweep_and_drain()

    assert world.vendor.calls()["get"] < schedule.MAX_CHECKS
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK


@pytest.mark.parametrize(("outcome", "status"), [("verified", "verified"), ("9102", "rejected")])
def test_a_late_result_is_the_outcome_of_its_link(
    world: World, unopened: Verification, outcome: str, status: str
) -> None:
    token = opened(world, unopened)
    end_link(world, unopened)
    world.vendor.play(token, outcome)
    world.clock.advance(schedule.MIN_CHECK_INTERVAL_SECONDS)
    world.returns(unopened)

    document = world.read(unopened)
    reason = document["reason"] and document["reason"]["code"]
    assert (document["status"], document["links"][0]["outcome"]) == (status, reason or status)


def test_a_page_that_waits_for_a_vendor_out_of_reach_reloads_less_often(world: World, unopened: Verification) -> None:
    opened(world, unopened)
    world.vendor.fault("503", on="get", times=None)
    waits = []
    for seconds in (900, 299, 1):
        world.clock.advance(seconds)
        waits.append(world.functions.browser(path(unopened)).headers["refresh"])
    world.vendor.clear_faults()
    assert [wait.partition(";")[0] for wait in waits] == ["3", "3", "30"]


def _hit_the_return(world: World, verification: Verification) -> None:
    """Opens a link, and returns every minute until a check has found that it ended."""
    opened(world, verification)
    while world.read(verification)["links"][-1]["outcome"] is None:
        world.returns(verification)
        world.clock.advance(schedule.FOLLOW_UPS[-1] + 1)
        world.sweep_and_drain()


def _calls(world: World) -> int:
    return sum(world.vendor.calls()[on] for on in ("create", "get"))


# The page on architecture has these numbers of calls.
@pytest.mark.slow
@pytest.mark.parametrize(("links", "most"), [(1, 9), (2, 18), (3, 26)])
def test_links_that_are_hit_all_the_time_cost_so_many_vendor_calls(
    world: World, unopened: Verification, links: int, most: int
) -> None:
    for _ in range(links):
        _hit_the_return(world, unopened)
    if links < MAX_LINKS:
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()

    assert world.read(unopened)["status"] == "expired"
    assert _calls(world) == most


@pytest.mark.slow
@pytest.mark.parametrize(("links", "most"), [(2, 22), (3, 35)])
def test_returns_after_a_rejection_cost_so_many_vendor_calls(
    world: World, unopened: Verification, links: int, most: int
) -> None:
    for _ in range(links - 1):
        _hit_the_return(world, unopened)
    world.vendor.play(opened(world, unopened), "9102")
    world.clock.advance(schedule.FIRST_CHECK)
    world.sweep_and_drain()
    assert world.read(unopened)["status"] == "rejected"
    while world.stored.due():
        # Each return that may be checked is followed by a check, which asks for the earlier links too.
        world.clock.advance(schedule.MIN_CHECK_INTERVAL_SECONDS)
        world.returns(unopened)
        world.clock.go_to(max(world.clock.epoch, min(world.stored.due().values())))
        world.sweep_and_drain()

    assert _calls(world) == most
