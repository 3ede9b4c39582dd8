"""A return: every route reports the same status, checks follow it up, and vendor calls are bounded."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Verification
from bridge.use_cases.complete import check_on_return
from tests.integration.harness import World, return_path


def reported_statuses(world: World, verification: Verification) -> set[str]:
    """Returns the statuses that the routes without a vendor call report."""
    public = world.functions.browser(f"/status/{verification.id}/{verification.code}").json
    return {world.read(verification)["status"], public["status"]}


@pytest.mark.parametrize("fault", [None, "500", "401", "429", "garbage", "reset"])
@pytest.mark.parametrize("refused", [None, "s3.PutObject", "sqs.SendMessageBatch", "secretsmanager.GetSecretValue"])
def test_redirect_and_reads_agree_during_any_failure(world: World, fault: str | None, refused: str | None) -> None:
    verification = world.new("verified" if refused == "s3.PutObject" else "untouched")
    if fault:
        world.vendor.fault(fault, on="get", times=None)
    if refused:
        world.aws.refuse(refused)

    reported = world.returns(verification).redirect_status

    assert reported_statuses(world, verification) == {reported}
    assert reported != "pending"
    world.aws.reset()


def test_a_return_just_after_another_check_is_stored_and_followed_up(world: World) -> None:
    verification = world.new()
    world.refresh(verification)
    world.clock.advance(2)

    assert world.returns(verification).redirect_status == "processing"

    assert reported_statuses(world, verification) == {"processing"}
    assert world.stored.due() == {verification.id: world.clock.epoch + 10}
    assert world.stored.messages() == 1
    assert world.vendor.calls()["get"] == 1


def test_follow_up_checks_find_a_late_record(world: World) -> None:
    verification = world.new()
    returned_at = world.clock.epoch
    world.returns(verification)
    seen = []

    for _ in range(3):
        due_at = world.due_at(verification)
        seen.append(due_at - returned_at)
        world.clock.go_to(due_at)
        world.finalize(verification, due_at)

    assert seen == [10, 30, 60]
    world.play(verification, "verified")
    world.clock.go_to(world.due_at(verification))
    world.finalize(verification, world.clock.epoch)
    assert reported_statuses(world, verification) == {"verified"}


def test_fifty_returns_at_once_cost_one_call_and_one_message(world: World) -> None:
    verification = world.new()
    assert verification.code is not None
    start = Barrier(10)

    def hit(_: int) -> str:
        start.wait(60)
        statuses = set()
        for _ in range(5):
            found = check_on_return(world.deps, verification.id, str(verification.code)).verification
            assert found is not None
            statuses.add(str(found.status))
        (status,) = statuses
        return status

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(hit, range(10))) == {"processing"}

    assert world.vendor.calls()["get"] == 1
    assert world.stored.messages() == 1
    assert world.row(verification)["sequence"] == 2


@pytest.mark.parametrize("seconds", [6, 31, 61])
def test_returns_in_a_loop_cost_at_most_eight_vendor_calls(world: World, seconds: int) -> None:
    verification = world.new("ocr_passed")
    end = world.clock.epoch + 1000

    while world.clock.epoch < end:
        due_at = world.stored.due().get(verification.id)
        if due_at is not None and due_at <= world.clock.epoch:
            world.finalize(verification, due_at)
        world.returns(verification)
        world.clock.advance(seconds)

    calls = world.vendor.calls()
    assert calls["create"] + calls["get"] <= 8
    assert reported_statuses(world, verification) == {"expired"}
    assert world.stored.due() == {}


def test_a_refresh_moves_no_planned_check(world: World) -> None:
    verification = world.new()
    world.returns(verification)
    for _ in range(3):
        world.clock.go_to(world.due_at(verification))
        world.finalize(verification, world.clock.epoch)
    planned = world.stored.due()

    world.clock.advance(31)
    for fault in (None, "500"):
        if fault:
            world.vendor.fault(fault, on="get", times=None)
        world.refresh(verification)
        assert world.stored.due() == planned
        world.clock.advance(31)


@pytest.mark.parametrize("failure", ["vendor", "limit"])
@pytest.mark.parametrize("before", [-1, 0, 1])
def test_a_failed_refresh_keeps_the_last_check_of_a_rejection(world: World, before: int, failure: str) -> None:
    verification = world.new("9102")
    world.check(verification)
    planned = world.due_at(verification)
    world.play(verification, "verified")
    # At 0, the claim would be due at the same time as the planned check.
    world.clock.go_to(planned - schedule.CLAIM_SECONDS - before)
    if failure == "vendor":
        world.vendor.fault("500", on="get", times=None)
    else:
        world.limit_rate(0, background=0)
        # Uses up what is left of the limit.
        world.new()

    assert world.refresh(verification).status == 503

    assert world.due_at(verification) == planned


def test_a_refresh_that_gets_a_contradictory_record_moves_no_planned_check(world: World) -> None:
    verification = world.new("verified+other_token")
    end = int(verification.expires_at.timestamp())
    world.clock.go_to(end + schedule.AFTER_LINK_SECONDS)
    world.check(verification)
    planned = world.stored.due()
    assert planned == {verification.id: end + schedule.LATE_RESULT_SECONDS}
    world.clock.go_to(end + schedule.LATE_RESULT_SECONDS - 1)

    assert world.refresh(verification).json["reason"]["code"] == "inconsistent_result"

    assert world.stored.due() == planned


def test_a_planned_check_just_after_a_refresh_is_delayed(world: World) -> None:
    verification = world.new()
    due_at = world.due_at(verification)
    world.clock.go_to(due_at - 2)
    world.refresh(verification)
    world.clock.go_to(due_at)

    world.finalize(verification, due_at)
    assert world.vendor.calls()["get"] == 1
    assert world.stored.messages() == 1
    world.clock.advance(5)
    world.finalize(verification, due_at)
    assert world.vendor.calls()["get"] == 2


def test_a_result_that_the_vendor_stores_late_still_counts(world: World) -> None:
    verification = world.new("ocr_passed")
    world.clock.go_to(int(verification.expires_at.timestamp()) + 10)
    world.check(verification)
    assert reported_statuses(world, verification) == {"processing"}

    world.play(verification, "verified+expired")
    world.clock.go_to(world.due_at(verification))
    world.check(verification)
    assert reported_statuses(world, verification) == {"verified"}


@pytest.mark.parametrize("trigger", ["return", "refresh"])
def test_a_rejection_found_by_a_check_keeps_its_last_check(world: World, trigger: str) -> None:
    verification = world.new("9102")
    world.check(verification)
    planned = world.stored.due()
    world.clock.advance(31)
    world.play(verification, "ocr_passed")

    if trigger == "return":
        assert world.returns(verification).redirect_status == "rejected"
    else:
        world.refresh(verification)

    assert (
        world.stored.due()
        == planned
        == {verification.id: int(verification.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS}
    )


@pytest.mark.parametrize("trigger", ["return", "refresh"])
def test_a_rejection_found_by_a_return_gets_a_last_check_if_it_is_found_again(world: World, trigger: str) -> None:
    verification = world.new("9102")
    world.returns(verification)
    assert world.stored.due() == {}
    world.clock.advance(31)

    if trigger == "return":
        world.returns(verification)
    else:
        world.refresh(verification)

    last = int(verification.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS
    assert world.stored.due() == {verification.id: last}


def test_a_return_before_the_person_began_keeps_the_link_and_ends_as_not_started(world: World) -> None:
    verification = world.new()
    world.returns(verification)

    document = world.read(verification)
    assert (document["status"], document["reason"]["code"]) == ("processing", "not_begun")
    assert (document["url"], document["token"]) == (verification.url, verification.token)

    world.clock.go_to(int(verification.expires_at.timestamp()) + 60)
    world.check(verification)
    document = world.read(verification)
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")


def test_the_reason_is_removed_once_the_person_has_begun(world: World) -> None:
    verification = world.new()
    world.returns(verification)
    world.play(verification, "ocr_passed")
    world.clock.go_to(world.due_at(verification))
    world.finalize(verification, world.clock.epoch)

    document = world.read(verification)
    assert (document["status"], document["reason"], document["sequence"]) == ("processing", None, 2)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
    ],
)
def test_a_prefetch_stores_nothing_and_calls_nothing(world: World, headers: dict[str, str]) -> None:
    verification = world.new()
    before = world.row(verification)

    response = world.functions.browser(return_path(verification), headers=headers)

    assert response.status == 425
    assert "location" not in response.headers
    assert world.row(verification) == before
    assert world.vendor.calls()["get"] == 0


@pytest.mark.parametrize(("outcome", "calls"), [("verified", 2), ("untouched", 3)])
def test_the_usual_flows_cost_two_or_three_vendor_calls(world: World, outcome: str, calls: int) -> None:
    verification = world.new(outcome)
    if outcome == "verified":
        world.returns(verification)
    while due_at := world.stored.due().get(verification.id):
        world.clock.go_to(due_at)
        world.finalize(verification, due_at)

    made = world.vendor.calls()
    assert made["create"] + made["get"] == calls


def test_an_outdated_message_costs_no_vendor_call(world: World) -> None:
    verification = world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.sandbox.sweep_now()
    world.returns(verification)
    world.clock.advance(6)
    planned = world.stored.due()

    assert world.sandbox.drain_queue() == 1

    assert world.vendor.calls()["get"] == 1
    assert world.stored.due() == planned


@pytest.mark.slow
def test_refreshes_in_a_loop_do_not_block_creates_and_returns(world: World) -> None:
    floods = [world.new(principal="flood") for _ in range(12)]
    world.clock.advance(60)
    refused = 0
    for second in range(40):
        for verification in floods:
            response = world.functions.api("POST", f"/verifications/{verification.id}/refresh", principal="flood")
            refused += response.status == 503
            assert response.status in (200, 503)
        if second % 10 == 0:
            verification = world.new(principal="other")
            assert world.returns(verification).redirect_status == "processing"
        world.clock.advance(1)
    assert refused > 0
