"""What a start page does if the vendor, DynamoDB or another request gets in between, and how its links end then."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import NotFound, StorageUnavailable, VendorError, VendorLimitReached, VendorUnavailable
from bridge.domain.links import DEFAULT_VALID_FOR
from bridge.domain.verification import Verification
from bridge.store.call_counters import CallCounters
from bridge.use_cases.finalize import finalize
from bridge.use_cases.start import read_start, start
from bridge.vendor.rate_limiter import WINDOW_SECONDS, RateLimiter
from tests.integration.harness import World, free
from tests.integration.leaks import Said
from tests.integration.test_start import end_link, opened, path, tap

BASE_URL = "https://api.example.com/v1"


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=DEFAULT_VALID_FOR)


class Meanwhile:
    """Something happens while the vendor makes a link."""

    def __init__(self, deps: Dependencies, action: Callable[[], object]) -> None:
        self._deps, self._action, self._vendor = deps, action, deps.vendor

    def create_link(self, *arguments: Any, **how: Any) -> Any:
        link = self._vendor.create_link(*arguments, **how)
        vars(self._deps)["vendor"] = self._vendor
        self._action()
        return link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)


def meanwhile(world: World, action: Callable[[], object]) -> None:
    vars(world.deps)["vendor"] = Meanwhile(world.deps, action)


def go(world: World, verification: Verification) -> str | None:
    assert verification.code is not None
    return start(world.deps, verification.id, verification.code, base_url=BASE_URL)


def logged(said: Said, message: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in said.text().splitlines() if line.startswith("{") and message in line]
    return [line for line in lines if line.get("message") == message]


def test_the_vendor_gets_the_return_url_and_each_link_is_logged_with_its_number(
    world: World, unopened: Verification, said: Said
) -> None:
    url = go(world, unopened)
    row = world.row(unopened)
    reported = json.loads(world.vendor.raw_record(row["token"]))["result"]
    assert (url, reported["redirect_url"]) == (row["url"], f"{BASE_URL}/return/{unopened.id}/{unopened.code}")
    assert (reported["type"], reported["ocr_country"], reported["ocr_type"]) == ("00", "MYS", "ID_CARD")
    end_link(world, unopened)
    go(world, unopened)

    lines = logged(said, "link_opened")
    assert [(line["verification_id"], line["status"], line["link"]) for line in lines] == [
        (unopened.id, "pending", 1),
        (unopened.id, "pending", 2),
    ]


@pytest.mark.parametrize("wrong", [{"id": "ver_x"}, {"id": "ver_" + "a" * 26}, {"code": "x"}], ids=str)
def test_a_wrong_id_or_code_and_a_verification_without_a_start_page_are_not_found(
    world: World, unopened: Verification, wrong: dict[str, str]
) -> None:
    at_once = world.new()
    found = {"id": unopened.id, "code": str(unopened.code)}
    assert read_start(world.deps, **found) == unopened
    for of in (found | wrong, {"id": at_once.id, "code": str(at_once.code)}):
        assert world.functions.browser("/start/{id}/{code}".format(**of), method="POST").status == 404
        with pytest.raises(NotFound):
            read_start(world.deps, **of)


@pytest.mark.parametrize("between", [False, True])
def test_a_vendor_error_gives_the_lease_back(world: World, unopened: Verification, between: bool) -> None:
    if between:
        opened(world, unopened)
        end_link(world, unopened)
    before = world.row(unopened)
    world.vendor.fault("503", on="create", times=None)
    with pytest.raises(VendorError):
        go(world, unopened)
    world.vendor.clear_faults()

    after = world.row(unopened)
    # The stream passes no change without `advanced`.
    assert {**after, "attempt": before["attempt"]} == {name: before[name] for name in before if name != "advanced"}
    opened(world, unopened)


@pytest.mark.parametrize(
    ("fault", "is_released"), [("refuse", False), ("lose_response", True)], ids=["not released", "response lost"]
)
def test_a_release_that_fails_is_logged_and_the_lease_expires(
    world: World, unopened: Verification, said: Said, fault: str, is_released: bool
) -> None:
    def fail() -> object:
        getattr(world.aws, fault)("dynamodb.UpdateItem")
        raise VendorUnavailable

    meanwhile(world, fail)
    with pytest.raises(VendorUnavailable):
        go(world, unopened)

    (line,) = logged(said, "release_failed")
    assert line["verification_id"] == unopened.id
    if not is_released:
        assert go(world, unopened) is None
        world.clock.advance(schedule.LEASE_SECONDS + 1)
    opened(world, unopened)


def test_a_start_counts_as_a_create_of_the_principal(world: World, unopened: Verification) -> None:
    permits: list[tuple[str, str, str | None]] = []

    class Noted:
        def permit(self, call: str, verification_id: str, principal: str | None = None) -> Callable[[], None]:
            permits.append((call, verification_id, principal))
            return free

    vars(world.deps)["rate_limiter"] = Noted()
    opened(world, unopened)
    assert permits == [("create", unopened.id, unopened.principal)]


def test_a_start_without_a_share_of_the_rate_limit_calls_nobody_and_gives_the_lease_back(
    world: World, unopened: Verification
) -> None:
    counters = CallCounters(world.aws.client("dynamodb"), world.deps.settings.rate_table_name)
    vars(world.deps)["rate_limiter"] = RateLimiter(counters, limit=5, background=5, now=world.clock)
    world.new()
    with pytest.raises(VendorLimitReached):
        go(world, unopened)
    assert world.vendor.calls()["create"] == 1
    world.clock.advance(WINDOW_SECONDS)
    opened(world, unopened)


def test_a_link_whose_storing_failed_is_replaced_after_the_lease(world: World, unopened: Verification) -> None:
    meanwhile(world, lambda: world.aws.refuse("dynamodb.UpdateItem"))
    with pytest.raises(StorageUnavailable):
        go(world, unopened)
    assert go(world, unopened) is None
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    opened(world, unopened)
    assert world.vendor.calls()["create"] == 2


def test_a_link_of_one_redacted_meanwhile_is_given_to_nobody(world: World, unopened: Verification) -> None:
    meanwhile(world, lambda: world.redact(unopened))
    assert go(world, unopened) is None
    row = world.row(unopened)
    assert (row["reason_code"], row.keys() & {"token", "url", "ended_links", "code"}) == ("redacted", set())
    assert tap(world, unopened).status == 404


def test_a_link_of_one_verified_meanwhile_is_given_to_nobody(world: World, unopened: Verification) -> None:
    first = opened(world, unopened)
    end_link(world, unopened)
    world.vendor.play(first, "verified")
    world.clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    meanwhile(world, lambda: world.refresh(unopened))
    assert tap(world, unopened).headers["location"].endswith(path(unopened))
    row = world.row(unopened)
    assert (row["status"], row["token"], "url" in row) == ("verified", first, False)


def test_a_link_that_took_longer_than_the_lease_is_given_to_nobody(world: World, unopened: Verification) -> None:
    tokens: list[str] = []

    def another() -> None:
        world.clock.advance(schedule.LEASE_SECONDS + 1)
        tokens.append(opened(world, unopened))

    meanwhile(world, another)
    assert go(world, unopened) is None
    assert world.row(unopened)["token"] == tokens[0]
    assert world.vendor.calls()["create"] == 2


def test_an_outage_that_ends_a_link_leaves_the_time_for_another(world: World, unopened: Verification) -> None:
    opened(world, unopened)
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after - 1)
    world.check(unopened)
    assert "link_outcome" not in world.row(unopened)
    world.clock.advance(schedule.CLAIM_SECONDS)
    world.check(unopened)
    world.vendor.clear_faults()

    document = world.read(unopened)
    assert (document["status"], document["reason"]) == ("pending", None)
    assert [link["outcome"] for link in document["links"]] == ["vendor_unreachable"]
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK
    opened(world, unopened)


@pytest.mark.parametrize(("way", "status"), [("refresh", "pending"), ("returns", "processing")])
def test_a_check_that_fails_long_after_a_link_keeps_why_it_ended(
    world: World, unopened: Verification, way: str, status: str
) -> None:
    opened(world, unopened)
    end_link(world, unopened)
    due_at = world.due_at(unopened)
    world.clock.advance(world.deps.settings.give_up_after + schedule.MIN_REFRESH_INTERVAL_SECONDS)
    world.vendor.fault("500", on="get", times=None)
    getattr(world, way)(unopened)

    document = world.read(unopened)
    assert (document["status"], document["links"][0]["outcome"]) == (status, "not_started")
    assert world.due_at(unopened) == due_at


@pytest.mark.parametrize(
    ("played", "ended"),
    [("ocr_passed", ("expired", "abandoned")), ("InvalidParameter", ("failed", "vendor_error"))],
)
def test_an_outage_at_the_end_is_waited_for_and_then_the_end_of_the_link_counts(
    world: World, unopened: Verification, said: Said, played: str, ended: tuple[str, str]
) -> None:
    world.vendor.play(opened(world, unopened), played)
    end_link(world, unopened)
    world.clock.go_to(world.due_at(unopened))
    world.vendor.fault("500", on="get", times=None)
    assert world.sweep_and_drain() == 1
    document = world.read(unopened)
    assert (document["status"], unopened.id in world.stored.due()) == ("processing", True)

    world.clock.go_to(int(unopened.ends_at.timestamp()) + world.deps.settings.give_up_after)
    world.sweep_and_drain()
    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ended
    assert unopened.id not in world.stored.due()
    assert logged(said, "gave_up") == []


def test_a_rejection_at_the_return_is_followed_by_a_look_at_the_earlier_links(
    world: World, unopened: Verification
) -> None:
    tokens = [opened(world, unopened)]
    for _ in range(2):
        end_link(world, unopened)
        tokens.append(opened(world, unopened))
    world.vendor.play(tokens[1], "verified")
    world.vendor.play(tokens[2], "9102")
    before = world.vendor.calls()["get"]

    assert "status=rejected" in world.returns(unopened).headers["location"]
    assert world.vendor.calls()["get"] == before + 1
    assert world.due_at(unopened) == world.clock.epoch + schedule.FOLLOW_UPS[0]
    world.clock.advance(schedule.FOLLOW_UPS[0])
    assert world.sweep_and_drain() == 1

    # The latest link before the last one proves it, so the first one's record is not asked for.
    assert world.vendor.calls()["get"] == before + 3
    row = world.row(unopened)
    assert (row["status"], "reason_code" in row, unopened.id in world.stored.due()) == ("verified", False, False)
    assert world.read_result(unopened).json["result"]["token"] == tokens[1]
    assert tokens[1].encode() in world.stored.record(row["evidence"]["key"])


def test_earlier_links_without_a_proof_leave_a_rejection(world: World, unopened: Verification) -> None:
    opened(world, unopened)
    end_link(world, unopened)
    world.vendor.play(opened(world, unopened), "9102")
    world.returns(unopened)
    world.clock.advance(schedule.FOLLOW_UPS[0])
    world.sweep_and_drain()

    row = world.row(unopened)
    assert (row["status"], row["sequence"]) == ("rejected", 3)


def test_nobody_opened_it_and_an_early_message_changes_nothing(
    world: World, unopened: Verification, said: Said
) -> None:
    before = world.row(unopened)
    finalize(world.deps, DueMessage(unopened.id, None))
    assert world.row(unopened) == before
    assert logged(said, "status_changed") == []

    world.clock.advance(DEFAULT_VALID_FOR)
    finalize(world.deps, DueMessage(unopened.id, None))
    (line,) = logged(said, "status_changed")
    assert (line["verification_id"], line["status"], line["sequence"]) == (unopened.id, "expired", 2)


@pytest.mark.parametrize(
    ("outcome", "status", "sequence", "link_outcome"),
    [("untouched", "pending", 1, "not_started"), ("ocr_passed", "processing", 2, "abandoned")],
)
def test_the_end_of_a_link_is_one_write_and_what_began_is_processing(
    world: World, unopened: Verification, outcome: str, status: str, sequence: int, link_outcome: str
) -> None:
    world.vendor.play(opened(world, unopened), outcome)
    document = end_link(world, unopened)

    assert (document["status"], document["sequence"], document["reason"]) == (status, sequence, None)
    assert ([link["outcome"] for link in document["links"]], "url" in document) == ([link_outcome], False)
    assert world.due_at(unopened) == int(unopened.ends_at.timestamp()) + schedule.AFTER_LINK


def test_a_check_of_an_open_link_asks_for_no_earlier_one(world: World, unopened: Verification) -> None:
    opened(world, unopened)
    end_link(world, unopened)
    opened(world, unopened)
    before = world.vendor.calls()["get"]
    world.clock.advance(schedule.FIRST_CHECK)
    assert world.sweep_and_drain() == 1
    assert world.vendor.calls()["get"] == before + 1
