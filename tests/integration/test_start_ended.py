"""Ended links of a start page: their outcomes, and checks that fetch their records again."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import VendorMalformed, VendorRateLimited, VendorRejected
from bridge.domain.links import MAX_LINKS
from bridge.domain.verification import Verification
from tests.integration.harness import World
from tests.integration.leaks import Output
from tests.integration.start_pages import ENDED, end_link, make_link, start_path


class WatchedVendor:
    """The vendor; calls `seen` before each fetch, with its token and the seconds spent before, and it may raise."""

    def __init__(self, deps: Dependencies, seen: Callable[[str, float], object]) -> None:
        self._vendor, self._seen = deps.vendor, seen
        vars(deps)["vendor"] = self

    def fetch(self, token: str, **options: Any) -> Any:
        self._seen(token, options["spent"])
        return self._vendor.fetch(token, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)


@pytest.mark.parametrize("error", [VendorRejected, lambda: VendorMalformed("not JSON")], ids=["4xx", "malformed"])
def test_a_missing_record_of_an_earlier_link_delays_the_end_by_two_checks(
    world: World, unopened: Verification, error: Callable[[], Exception], output: Output
) -> None:
    first = make_link(world, unopened)

    def forget(token: str, _: float) -> None:
        if token == first:
            raise error()

    end_link(world, unopened)
    WatchedVendor(world.deps, forget)
    make_link(world, unopened)
    end_link(world, unopened)
    make_link(world, unopened)
    assert end_link(world, unopened)["status"] == "pending"
    for _ in range(2):
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    (line,) = output.lines("earlier_link_unreadable")
    assert line["verification_id"] == unopened.id


def test_failures_of_another_kind_do_not_count_as_records_that_cannot_be_read(
    world: World, unopened: Verification
) -> None:
    first = make_link(world, unopened)
    for _ in range(MAX_LINKS - 1):
        end_link(world, unopened)
        make_link(world, unopened)
    # The vendor stored a success late, and refuses calls for a while.
    world.vendor.play(first, "verified")
    failures: list[Exception] = [*[VendorRateLimited() for _ in range(5)], VendorMalformed("not JSON")]

    def fail(token: str, _: float) -> None:
        if len(failures) > 1 or (failures and token == first):
            raise failures.pop(0)

    WatchedVendor(world.deps, fail)
    world.clock.advance(ENDED)
    world.check(unopened)
    while failures:
        assert world.read(unopened)["status"] == "pending"
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()
    assert world.read(unopened)["status"] == "pending"
    world.clock.go_to(world.due_at(unopened))
    world.sweep_and_drain()

    assert world.read(unopened)["status"] == "verified"


@pytest.mark.parametrize("contradiction", ["other_token", "other_country"])
@pytest.mark.parametrize(("records", "status"), [(2, "verified"), (3, "expired")])
def test_a_contradictory_record_of_an_earlier_link_is_fetched_three_times(
    world: World, unopened: Verification, contradiction: str, records: int, status: str, output: Output
) -> None:
    first = make_link(world, unopened)
    for _ in range(MAX_LINKS - 1):
        end_link(world, unopened)
        make_link(world, unopened)
    # The vendor stored a success late, and returns a wrong record.
    world.vendor.play(first, f"verified+{contradiction}")
    assert end_link(world, unopened)["status"] == "pending"
    for number in (2, 3):
        world.vendor.play(first, f"verified+{contradiction}" if number <= records else "verified")
        world.clock.go_to(world.due_at(unopened))
        world.sweep_and_drain()

    assert world.read(unopened)["status"] == status
    assert len(output.lines("inconsistent_result")) == records
    is_kept = any("/unconfirmed/" in key for key in world.stored.objects(unopened.id))
    assert is_kept is (contradiction == "other_token")


def test_all_records_of_one_check_share_the_budget_of_one_call(
    world: World, unopened: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MAX_LINKS - 1):
        make_link(world, unopened)
        end_link(world, unopened)
    make_link(world, unopened)
    spent: list[float] = []
    WatchedVendor(world.deps, lambda _, seconds: spent.append(seconds))
    # A second passes before each fetch.
    monkeypatch.setattr(world.deps, "clock", itertools.count().__next__)
    assert end_link(world, unopened)["status"] == "expired"
    assert spent == [1, 2, 3]


@pytest.mark.parametrize(("outcome", "status"), [("verified", "verified"), ("9102", "rejected")])
def test_a_late_result_is_the_outcome_of_its_link(
    world: World, unopened: Verification, outcome: str, status: str
) -> None:
    token = make_link(world, unopened)
    end_link(world, unopened)
    world.vendor.play(token, outcome)
    world.clock.advance(schedule.MIN_CHECK_INTERVAL_SECONDS)
    world.returns(unopened)

    document = world.read(unopened)
    reason = document["reason"] and document["reason"]["code"]
    assert (document["status"], document["links"][0]["outcome"]) == (status, reason or status)


def test_the_page_reloads_less_often_during_a_vendor_outage(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    world.vendor.fault("503", on="get", times=None)
    waits = []
    for seconds in (900, 299, 1):
        world.clock.advance(seconds)
        waits.append(world.functions.browser(start_path(unopened)).headers["refresh"])
    world.vendor.clear_faults()
    assert [wait.partition(";")[0] for wait in waits] == ["3", "3", "30"]


def test_a_rejection_at_the_return_is_followed_by_a_check_of_earlier_links(
    world: World, unopened: Verification
) -> None:
    tokens = [make_link(world, unopened)]
    for _ in range(2):
        end_link(world, unopened)
        tokens.append(make_link(world, unopened))
    world.vendor.play(tokens[1], "verified")
    world.vendor.play(tokens[2], "9102")
    before = world.vendor.calls()["get"]

    assert "status=rejected" in world.returns(unopened).headers["location"]
    assert world.vendor.calls()["get"] == before + 1
    assert world.due_at(unopened) == world.clock.epoch + schedule.FOLLOW_UP_SECONDS[0]
    # The sweep sends it, so a person who waits for it may have to wait a minute longer.
    assert world.stored.messages() == 0
    world.clock.advance(schedule.FOLLOW_UP_SECONDS[0])
    assert world.sweep_and_drain() == 1

    # The second link's record verifies the person, so the first link's is not fetched.
    assert world.vendor.calls()["get"] == before + 3
    row = world.row(unopened)
    assert (row["status"], "reason_code" in row, unopened.id in world.stored.due()) == ("verified", False, False)
    assert world.read_result(unopened).json["result"]["token"] == tokens[1]
    assert tokens[1].encode() in world.stored.record(row["evidence"]["key"])


def test_a_rejection_stays_if_no_earlier_link_succeeded(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    end_link(world, unopened)
    world.vendor.play(make_link(world, unopened), "9102")
    world.returns(unopened)
    world.clock.advance(schedule.FOLLOW_UP_SECONDS[0])
    world.sweep_and_drain()

    row = world.row(unopened)
    assert (row["status"], row["sequence"]) == ("rejected", 3)


def test_a_check_of_an_open_link_fetches_no_earlier_record(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    end_link(world, unopened)
    make_link(world, unopened)
    before = world.vendor.calls()["get"]
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    assert world.sweep_and_drain() == 1
    assert world.vendor.calls()["get"] == before + 1


@pytest.mark.parametrize(
    ("outcome", "status", "sequence", "link_outcome"),
    [("untouched", "pending", 1, "not_started"), ("ocr_passed", "processing", 2, "abandoned")],
)
def test_the_end_of_a_link_is_one_write_that_stores_processing_if_begun(
    world: World, unopened: Verification, outcome: str, status: str, sequence: int, link_outcome: str
) -> None:
    world.vendor.play(make_link(world, unopened), outcome)
    document = end_link(world, unopened)

    assert (document["status"], document["sequence"], document["reason"]) == (status, sequence, None)
    assert ([link["outcome"] for link in document["links"]], "url" in document) == ([link_outcome], False)
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK_SECONDS


def test_after_an_outage_ends_a_link_another_can_be_made(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds - 1)
    world.check(unopened)
    assert "link_outcome" not in world.row(unopened)
    world.clock.advance(schedule.CLAIM_SECONDS)
    world.check(unopened)
    world.vendor.clear_faults()

    document = world.read(unopened)
    assert (document["status"], document["reason"]) == ("pending", None)
    assert [link["outcome"] for link in document["links"]] == ["vendor_unreachable"]
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK_SECONDS
    make_link(world, unopened)


@pytest.mark.parametrize(("trigger", "status"), [("refresh", "pending"), ("returns", "processing")])
def test_a_failed_check_long_after_a_link_keeps_its_outcome(
    world: World, unopened: Verification, trigger: str, status: str
) -> None:
    make_link(world, unopened)
    end_link(world, unopened)
    due_at = world.due_at(unopened)
    world.clock.advance(world.deps.settings.give_up_after_seconds + schedule.MIN_REFRESH_INTERVAL_SECONDS)
    world.vendor.fault("500", on="get", times=None)
    getattr(world, trigger)(unopened)

    document = world.read(unopened)
    assert (document["status"], document["links"][0]["outcome"]) == (status, "not_started")
    assert world.due_at(unopened) == due_at


@pytest.mark.parametrize(
    ("outcome", "ended"),
    [("ocr_passed", ("expired", "abandoned")), ("InvalidParameter", ("failed", "vendor_error"))],
)
def test_after_an_outage_at_valid_until_the_outcome_of_the_link_counts(
    world: World, unopened: Verification, output: Output, outcome: str, ended: tuple[str, str]
) -> None:
    world.vendor.play(make_link(world, unopened), outcome)
    end_link(world, unopened)
    world.clock.go_to(world.due_at(unopened))
    world.vendor.fault("500", on="get", times=None)
    assert world.sweep_and_drain() == 1
    document = world.read(unopened)
    assert (document["status"], unopened.id in world.stored.due()) == ("processing", True)

    world.clock.go_to(int(unopened.ends_at.timestamp()) + world.deps.settings.give_up_after_seconds)
    world.sweep_and_drain()
    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ended
    assert unopened.id not in world.stored.due()
    assert output.lines("gave_up") == []
