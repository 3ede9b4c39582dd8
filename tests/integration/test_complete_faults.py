"""Completion while the vendor or an AWS service fails."""

import contextlib

import pytest

from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable, VendorLimitReached
from bridge.domain.schedule import MIN_CHECK_INTERVAL_SECONDS
from bridge.vendor.rate_limiter import WINDOW_SECONDS
from tests.integration.harness import World

FAULTS = {
    "429": "vendor_rate_limited",
    "500": "vendor_unavailable",
    "503": "vendor_unavailable",
    "502_html": "vendor_unavailable",
    "401": "vendor_credentials",
    "403": "vendor_credentials",
    "404": "vendor_rejected",
    "422": "vendor_rejected",
    "inner_status:404": "vendor_rejected",
    "html": "vendor_malformed",
    "reset": "vendor_unavailable",
    "truncated": "vendor_unavailable",
    "garbage": "vendor_malformed",
    "wrong_kinds": "vendor_malformed",
    "empty": "vendor_malformed",
    "redirect": "vendor_malformed",
    "huge": "vendor_malformed",
}


@pytest.mark.parametrize(("fault", "code"), FAULTS.items())
def test_during_a_vendor_fault_the_person_is_redirected_and_nothing_is_final(
    world: World, fault: str, code: str
) -> None:
    verification = world.new("verified")
    world.vendor.fault(fault, on="get", times=None)

    response = world.returns(verification)

    assert response.status == 303
    assert "status=processing" in response.headers["location"]
    row = world.row(verification)
    assert (row["status"], row["sequence"], row["failures"], row["checks"]) == ("processing", 2, 1, 0)
    assert row.keys().isdisjoint({"evidence", "ttl", "reason_code"})
    assert world.stored.due() == {verification.id: world.clock.epoch + schedule.FOLLOW_UP_SECONDS[0]}
    world.clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    assert world.refresh(verification).json["code"] == code
    world.vendor.clear_faults()
    world.clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    assert world.refresh(verification).json["status"] == "verified"
    assert "failures" not in world.row(verification)


def test_an_outage_after_the_link_leaves_the_verification_open(world: World) -> None:
    verification = world.new()
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds - 1)

    world.returns(verification)

    assert world.row(verification)["status"] == "processing"
    assert verification.id in world.stored.due()


def test_after_give_up_hours_it_fails_and_can_still_be_verified(world: World) -> None:
    verification = world.new("verified")
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds)

    response = world.returns(verification)

    document = world.read(verification)
    assert "status=failed" in response.headers["location"]
    assert (document["status"], document["reason"]["code"]) == ("failed", "vendor_unreachable")
    assert (document["reason"]["retryable"], document["sequence"]) == (True, 3)
    assert world.stored.due() == {}
    world.clock.advance(MIN_CHECK_INTERVAL_SECONDS)
    world.check(verification)
    assert world.stored.due() == {}
    world.vendor.clear_faults()
    world.clock.advance(3600)
    assert world.refresh(verification).json["status"] == "verified"


def test_a_failed_refresh_of_a_final_verification_plans_no_check(world: World) -> None:
    verification = world.new("9102")
    world.clock.go_to(int(verification.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS)
    world.check(verification)
    assert world.stored.due() == {}
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)

    assert world.refresh(verification).status == 503

    assert world.vendor.calls()["get"] > 1
    assert world.stored.due() == {}


# Only the write that advances the status fails, or also the one that plans the next check.
@pytest.mark.parametrize("refused", [1, 2])
def test_a_response_that_was_not_stored_delays_giving_up(world: World, refused: int) -> None:
    verification = world.new("verified")
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds)
    world.aws.before_next("s3.PutObject", lambda: world.aws.refuse("dynamodb.UpdateItem", refused))
    checked = world.check(verification)
    assert isinstance(checked.error, StorageUnavailable)

    world.vendor.fault("429", on="get", times=None)
    world.clock.advance(60)
    world.check(verification)
    assert world.row(verification)["status"] == "pending"
    assert verification.id in world.stored.due()

    world.clock.advance(world.deps.settings.give_up_after_seconds)
    world.check(verification)
    assert world.row(verification)["reason_code"] == "vendor_unreachable"


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_response_to_any_write_is_completed_later(world: World, lost: int) -> None:
    verification = world.new("verified")
    if lost == 1:
        world.aws.lose_response("dynamodb.UpdateItem")
    else:
        world.aws.before_next("s3.PutObject", lambda: world.aws.lose_response("dynamodb.UpdateItem"))

    with contextlib.suppress(StorageUnavailable):
        world.check(verification)
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.sweep_and_drain()

    row = world.row(verification)
    assert (row["status"], row["sequence"]) == ("verified", 2)
    assert world.stored.due() == {}


@pytest.mark.parametrize("call", ["schedule", "refresh", "return"])
def test_a_check_over_the_rate_limit_makes_no_call_and_releases_its_claim(world: World, call: str) -> None:
    verification = world.new()
    planned, before = world.due_at(verification), world.row(verification)
    world.limit_rate(0, background=0)

    if call == "refresh":
        assert world.refresh(verification).json["code"] == "vendor_rate_limited"
    elif call == "return":
        assert world.returns(verification).redirect_status == "processing"
    else:
        assert isinstance(world.check(verification).error, VendorLimitReached)

    row = world.row(verification)
    assert (row["checks"], "claimed_at" in row) == (before["checks"], False)
    assert world.vendor.calls()["get"] == 0
    wait = world.due_at(verification) - world.clock.epoch
    if call == "refresh":
        assert world.due_at(verification) == planned
    else:
        # The next window of the limit, and up to ten seconds of jitter.
        assert 0 < wait <= WINDOW_SECONDS + 10
    assert world.stored.messages() == (call == "return")


def test_if_the_claim_fails_the_person_gets_a_page_that_reloads(world: World) -> None:
    verification = world.new()
    world.aws.refuse("dynamodb.UpdateItem")

    response = world.returns(verification)

    assert (response.status, response.headers["refresh"]) == (503, "5")
    assert response.headers["content-type"].startswith("text/html")
