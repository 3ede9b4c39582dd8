"""How many vendor calls the links of a start page cost if the person returns again and again."""

import pytest

from bridge.domain import schedule
from bridge.domain.links import MAX_LINKS
from bridge.domain.verification import Verification
from tests.integration.harness import World
from tests.integration.start_pages import end_link, make_link


def test_returns_to_an_ended_link_do_not_each_call_the_vendor(world: World, unopened: Verification) -> None:
    world.vendor.play(make_link(world, unopened), "ocr_passed")
    end_link(world, unopened)
    for _ in range(2 * schedule.MAX_CHECKS):
        world.clock.advance(schedule.FOLLOW_UP_SECONDS[-1])
        assert "status=processing" in world.returns(unopened).headers["location"]
        world.sweep_and_drain()

    assert world.vendor.calls()["get"] < schedule.MAX_CHECKS
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK_SECONDS


def _hit_the_return(world: World, verification: Verification) -> None:
    """Opens a link, and returns every minute until a check finds that it ended."""
    make_link(world, verification)
    while world.read(verification)["links"][-1]["outcome"] is None:
        world.returns(verification)
        world.clock.advance(schedule.FOLLOW_UP_SECONDS[-1] + 1)
        world.sweep_and_drain()


def _calls(world: World) -> int:
    return sum(world.vendor.calls()[on] for on in ("create", "get"))


# docs/architecture.md has these numbers of calls.
@pytest.mark.slow
@pytest.mark.parametrize(("links", "most"), [(1, 9), (2, 18), (3, 26)])
def test_constant_returns_cost_the_documented_vendor_calls(
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
def test_returns_after_a_rejection_cost_the_documented_vendor_calls(
    world: World, unopened: Verification, links: int, most: int
) -> None:
    for _ in range(links - 1):
        _hit_the_return(world, unopened)
    world.vendor.play(make_link(world, unopened), "9102")
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.sweep_and_drain()
    assert world.read(unopened)["status"] == "rejected"
    while world.stored.due():
        # A check follows each return that may be checked, and it also fetches the records of the earlier links.
        world.clock.advance(schedule.MIN_CHECK_INTERVAL_SECONDS)
        world.returns(unopened)
        world.clock.go_to(max(world.clock.epoch, min(world.stored.due().values())))
        world.sweep_and_drain()

    assert _calls(world) == most
