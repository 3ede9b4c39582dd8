"""The start page during failures of the vendor and DynamoDB, and during concurrent requests."""

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
from bridge.use_cases.finalize import finalize
from bridge.use_cases.start import read_start, start
from bridge.vendor.rate_limiter import WINDOW_SECONDS
from tests.integration.harness import World, no_limit
from tests.integration.leaks import Output
from tests.integration.start_pages import end_link, make_link, start_path, tap

BASE_URL = "https://api.example.com/v1"


class Meanwhile:
    """A vendor that runs an action after it has made its next link."""

    def __init__(self, deps: Dependencies, action: Callable[[], object]) -> None:
        self._deps, self._action, self._vendor = deps, action, deps.vendor

    def create_link(self, *arguments: Any, **options: Any) -> Any:
        link = self._vendor.create_link(*arguments, **options)
        vars(self._deps)["vendor"] = self._vendor
        self._action()
        return link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)


def meanwhile(world: World, action: Callable[[], object]) -> None:
    vars(world.deps)["vendor"] = Meanwhile(world.deps, action)


def start_now(world: World, verification: Verification) -> str | None:
    assert verification.code is not None
    return start(world.deps, verification.id, verification.code, base_url=BASE_URL)


def test_the_vendor_gets_the_return_url_and_each_link_is_logged_with_its_number(
    world: World, unopened: Verification, output: Output
) -> None:
    url = start_now(world, unopened)
    row = world.row(unopened)
    reported = json.loads(world.vendor.raw_record(row["token"]))["result"]
    assert (url, reported["redirect_url"]) == (row["url"], f"{BASE_URL}/return/{unopened.id}/{unopened.code}")
    assert (reported["type"], reported["ocr_country"], reported["ocr_type"]) == ("00", "MYS", "ID_CARD")
    end_link(world, unopened)
    start_now(world, unopened)

    lines = output.lines("link_made")
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
def test_a_vendor_error_releases_the_lease(world: World, unopened: Verification, between: bool) -> None:
    if between:
        make_link(world, unopened)
        end_link(world, unopened)
    before = world.row(unopened)
    world.vendor.fault("503", on="create", times=None)
    with pytest.raises(VendorError):
        start_now(world, unopened)
    world.vendor.clear_faults()

    after = world.row(unopened)
    # Without `advanced`, the stream ignores the write.
    assert {**after, "attempt": before["attempt"]} == {name: before[name] for name in before if name != "advanced"}
    make_link(world, unopened)


@pytest.mark.parametrize(
    ("fault", "is_released"), [("refuse", False), ("lose_response", True)], ids=["not released", "response lost"]
)
def test_a_release_that_fails_is_logged_and_the_lease_expires(
    world: World, unopened: Verification, output: Output, fault: str, is_released: bool
) -> None:
    def fail() -> object:
        getattr(world.aws, fault)("dynamodb.UpdateItem")
        raise VendorUnavailable

    meanwhile(world, fail)
    with pytest.raises(VendorUnavailable):
        start_now(world, unopened)

    (line,) = output.lines("release_failed")
    assert line["verification_id"] == unopened.id
    if not is_released:
        assert start_now(world, unopened) is None
        world.clock.advance(schedule.LEASE_SECONDS + 1)
    make_link(world, unopened)


def test_a_start_counts_as_a_create_of_the_principal(world: World, unopened: Verification) -> None:
    permits: list[tuple[str, str, str | None]] = []

    class RecordingLimiter:
        def permit(self, call: str, verification_id: str, principal: str | None = None) -> Callable[[], None]:
            permits.append((call, verification_id, principal))
            return no_limit

    vars(world.deps)["rate_limiter"] = RecordingLimiter()
    make_link(world, unopened)
    assert permits == [("create", unopened.id, unopened.principal)]


def test_a_start_over_the_rate_limit_makes_no_call_and_releases_the_lease(world: World, unopened: Verification) -> None:
    world.limit_rate(5, background=5)
    world.new()
    with pytest.raises(VendorLimitReached):
        start_now(world, unopened)
    assert world.vendor.calls()["create"] == 1
    world.clock.advance(WINDOW_SECONDS)
    make_link(world, unopened)


def test_a_link_that_was_not_stored_is_replaced_after_the_lease(world: World, unopened: Verification) -> None:
    meanwhile(world, lambda: world.aws.refuse("dynamodb.UpdateItem"))
    with pytest.raises(StorageUnavailable):
        start_now(world, unopened)
    assert start_now(world, unopened) is None
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    make_link(world, unopened)
    assert world.vendor.calls()["create"] == 2


def test_a_redaction_meanwhile_discards_the_link(world: World, unopened: Verification) -> None:
    meanwhile(world, lambda: world.redact(unopened))
    assert start_now(world, unopened) is None
    row = world.row(unopened)
    assert (row["reason_code"], row.keys() & {"token", "url", "ended_links", "code"}) == ("redacted", set())
    assert tap(world, unopened).status == 404


def test_a_late_success_meanwhile_discards_the_link(world: World, unopened: Verification) -> None:
    first = make_link(world, unopened)
    end_link(world, unopened)
    world.vendor.play(first, "verified")
    world.clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    meanwhile(world, lambda: world.refresh(unopened))
    assert tap(world, unopened).headers["location"].endswith(start_path(unopened))
    row = world.row(unopened)
    assert (row["status"], row["token"], "url" in row) == ("verified", first, False)


def test_a_link_that_took_longer_than_the_lease_is_discarded(world: World, unopened: Verification) -> None:
    tokens: list[str] = []

    def another() -> None:
        world.clock.advance(schedule.LEASE_SECONDS + 1)
        tokens.append(make_link(world, unopened))

    meanwhile(world, another)
    assert start_now(world, unopened) is None
    assert world.row(unopened)["token"] == tokens[0]
    assert world.vendor.calls()["create"] == 2


def test_an_early_message_for_an_unopened_verification_changes_nothing(
    world: World, unopened: Verification, output: Output
) -> None:
    before = world.row(unopened)
    finalize(world.deps, DueMessage(unopened.id, None))
    assert world.row(unopened) == before
    assert output.lines("status_changed") == []

    world.clock.advance(DEFAULT_VALID_FOR)
    finalize(world.deps, DueMessage(unopened.id, None))
    (line,) = output.lines("status_changed")
    assert (line["verification_id"], line["status"], line["sequence"]) == (unopened.id, "expired", 2)
