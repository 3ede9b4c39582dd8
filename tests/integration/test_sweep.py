"""Everyone is completed: people who never come back, an outage, a crash on the way."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Verification
from bridge.store import due
from bridge.store.index_keys import DUE_SHARDS
from bridge.use_cases.sweep import sweep
from tests.integration.harness import World
from tests.sandbox.functions import FunctionError


def minutes(world: World, count: int) -> list[int]:
    """So many minutes go by, each with a sweep; the minutes in which something was due."""
    busy = []
    for minute in range(1, count + 1):
        world.clock.advance(60)
        if world.sweep_and_drain():
            busy.append(minute)
    return busy


def next_check(world: World, verification: Verification) -> dict[str, Any]:
    """The check that is due next is made; the row afterwards."""
    world.clock.go_to(world.due_at(verification))
    assert world.sweep_and_drain() == 1
    return world.row(verification)


def test_an_untouched_link_costs_two_gets_and_expires(world: World) -> None:
    verification = world.new()

    assert minutes(world, 18) == [5, 16]

    assert world.vendor.calls()["by_token"] == {verification.token: 2}
    document = world.read(verification)
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    assert world.stored.due() == {}


@pytest.mark.parametrize(
    ("outcome", "status", "gets"),
    [
        ("verified", "verified", 1),
        ("ocr_retry_left:9108", "rejected", 3),
        ("9102+expired", "rejected", 1),
        ("FailedOperation.CompareSystemError", "failed", 3),
        ("inconsistent", "failed", 3),
        ("ocr_passed", "expired", 3),
        ("untouched", "expired", 2),
    ],
)
def test_every_final_status_is_reached_without_the_person(world: World, outcome: str, status: str, gets: int) -> None:
    verification = world.new(outcome)

    for _ in range(gets):
        next_check(world, verification)

    assert world.row(verification)["status"] == status
    assert world.vendor.calls()["get"] == gets
    assert world.stored.due() == {}


@pytest.mark.parametrize(("then", "status", "sequence"), [("9102", "rejected", 2), ("verified", "verified", 3)])
def test_an_uncertain_rejection_is_checked_once_more_after_the_link(
    world: World, then: str, status: str, sequence: int
) -> None:
    verification = world.new("9102")

    assert next_check(world, verification)["status"] == "rejected"
    assert world.stored.due() == {verification.id: int(verification.expires_at.timestamp()) + schedule.LATE_RESULT}

    world.play(verification, then)
    row = next_check(world, verification)
    assert (row["status"], row["sequence"]) == (status, sequence)
    assert world.stored.due() == {}


def test_one_sweep_takes_at_most_its_limit_and_the_next_ones_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "8")
    for _ in range(16):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK)

    taken = [sweep(world.deps, has_time=lambda: True).sent for _ in range(16)]

    assert max(taken) <= 8
    assert sum(taken) == world.stored.messages() == 16


def test_a_sweep_sends_no_more_than_the_queue_lacks_of_a_minutes_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "4")
    for _ in range(4):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK)
    send = world.sandbox.client("sqs").send_message
    for _ in range(3):
        send(QueueUrl=world.deps.settings.due_queue_url, MessageBody="{}")
    # A check that follows a return waits with a delay, and takes nobody's place.
    send(QueueUrl=world.deps.settings.due_queue_url, MessageBody="{}", DelaySeconds=600)

    assert sweep(world.deps, has_time=lambda: True).sent == 1
    assert sweep(world.deps, has_time=lambda: True).sent == 0


def test_a_sweep_without_time_claims_nothing(world: World) -> None:
    verification = world.new()
    world.clock.advance(schedule.FIRST_CHECK)

    assert sweep(world.deps, has_time=lambda: False).sent == 0

    assert world.stored.due() == {verification.id: world.clock.epoch}
    assert world.stored.messages() == 0


def test_two_sweeps_at_once_send_each_verification_once(world: World) -> None:
    for _ in range(12):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK)
    others: list[int] = []

    def sweep_too() -> None:
        others.append(sweep(world.deps, has_time=lambda: True).sent)

    world.aws.before_next("dynamodb.UpdateItem", sweep_too)
    ours = sweep(world.deps, has_time=lambda: True).sent

    assert others[0] > 0
    assert ours + others[0] == world.stored.messages() == 12


def test_what_was_claimed_and_not_sent_becomes_due_again(world: World) -> None:
    verification = world.new("verified")
    world.clock.advance(schedule.FIRST_CHECK)
    world.aws.refuse("sqs.SendMessageBatch")

    with pytest.raises(FunctionError):
        world.sandbox.sweep_now()

    assert world.stored.due() == {verification.id: world.clock.epoch + 30}
    assert world.sandbox.drain_queue() == 0
    assert next_check(world, verification)["status"] == "verified"


@pytest.mark.parametrize("call", [1, 4, 6])
def test_a_claim_that_fails_holds_up_none_of_those_claimed_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    # So many that no message has a delay.
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "600")
    verifications = [world.new("verified") for _ in range(6)]
    world.clock.advance(schedule.FIRST_CHECK)
    before_the_claims = ["sqs.GetQueueAttributes", *["dynamodb.Query"] * DUE_SHARDS]
    world.aws.before_call(len(before_the_claims) + call, lambda: world.aws.deny("dynamodb.UpdateItem"))

    with pytest.raises(FunctionError):
        world.sandbox.sweep_now()

    assert world.sandbox.drain_queue() == call - 1
    world.clock.advance(60)
    assert world.sweep_and_drain() == 6 - (call - 1)
    assert {world.row(verification)["status"] for verification in verifications} == {"verified"}


@pytest.mark.parametrize(
    ("name", "damaged", "repaired"),
    [
        ("status", "archived", "pending"),
        pytest.param("expires_at", "tomorrow", "2026-01-31T08:15:00.000Z", marks=pytest.mark.slow),
        pytest.param("evidence", "elsewhere", {"key": "records/a", "sha256": "0a", "size": 1}, marks=pytest.mark.slow),
    ],
)
def test_a_row_that_cannot_be_read_holds_up_nobody_else_and_is_tried_once_an_hour(
    world: World, name: str, damaged: str, repaired: Any
) -> None:
    unreadable, *others = (world.new() for _ in range(3))
    for verification in others:
        world.play(verification, "verified")
    world.stored.set(unreadable.id, name, damaged)

    assert minutes(world, 5) == [5]

    assert {world.row(verification)["status"] for verification in others} == {"verified"}
    assert world.stored.due() == {unreadable.id: world.clock.epoch + due.SET_ASIDE_SECONDS}
    assert minutes(world, 60) == []
    world.stored.set(unreadable.id, name, repaired)
    assert minutes(world, 60) == [60]
    assert world.row(unreadable)["status"] == "expired"
    assert world.stored.due() == {}


@pytest.mark.parametrize(("fails", "hours"), [("vendor", "168"), ("evidence", "24")])
def test_a_rejection_whose_last_check_fails_is_due_for_a_week_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch, fails: str, hours: str
) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", hours)
    verification = world.new("9102")
    assert next_check(world, verification)["status"] == "rejected"
    if fails == "vendor":
        world.vendor.fault("500", on="get", times=None)
    else:
        world.play(verification, "verified")
        vars(world.deps)["evidence"] = mock.Mock(put=mock.Mock(side_effect=StorageUnavailable("PutObject", "x")))
    # Of the week of repetitions only the last minutes are played.
    last_minutes = int((verification.expires_at + timedelta(seconds=schedule.LATE_PROOF)).timestamp()) - 600
    world.stored.set(verification.id, "due_at", last_minutes)

    while verification.id in world.stored.due():
        next_check(world, verification)
        assert world.clock() < verification.expires_at + timedelta(seconds=schedule.LATE_PROOF + 3600), "due for ever"

    assert world.row(verification)["status"] == "rejected"


def test_an_outage_backs_off_ever_longer_and_is_then_completed(world: World) -> None:
    verification = world.new("verified")
    world.vendor.fault("503", on="get", times=None)

    waits = []
    for failures in range(1, 9):
        row = next_check(world, verification)
        assert (row["status"], row["failures"]) == ("pending", failures)
        waits.append(world.due_at(verification) - world.clock.epoch)
    world.vendor.clear_faults()

    assert waits == sorted(waits)
    assert waits[0] < 120 < 1800 < waits[-1] < 1900
    assert next_check(world, verification)["status"] == "verified"
    assert world.stored.due() == {}


def test_a_vendor_that_is_out_for_good_ends_in_failed_and_never_in_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", "1")
    verification = world.new()
    world.vendor.fault("500", on="get", times=None)
    gives_up_at = int(verification.expires_at.timestamp()) + world.deps.settings.give_up_after
    seen = set()

    while verification.id in world.stored.due():
        row = next_check(world, verification)
        seen.add((row["status"], world.clock.epoch >= gives_up_at))

    assert seen == {("pending", False), ("failed", True)}
    assert world.row(verification)["reason_code"] == "vendor_unreachable"
