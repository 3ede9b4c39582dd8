"""The sweep completes all verifications: of people who never return, and after outages and crashes."""

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


def sweep_minutes(world: World, count: int) -> list[int]:
    """Sweeps once a minute; returns the minutes in which something was due."""
    busy = []
    for minute in range(1, count + 1):
        world.clock.advance(60)
        if world.sweep_and_drain():
            busy.append(minute)
    return busy


def make_next_check(world: World, verification: Verification) -> dict[str, Any]:
    """Makes the check that is due next; returns the row afterwards."""
    world.clock.go_to(world.due_at(verification))
    assert world.sweep_and_drain() == 1
    return world.row(verification)


def test_an_untouched_link_costs_two_gets_and_expires(world: World) -> None:
    verification = world.new()

    assert sweep_minutes(world, 18) == [5, 16]

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
def test_every_final_status_is_reached_without_a_return(world: World, outcome: str, status: str, gets: int) -> None:
    verification = world.new(outcome)

    for _ in range(gets):
        make_next_check(world, verification)

    assert world.row(verification)["status"] == status
    assert world.vendor.calls()["get"] == gets
    assert world.stored.due() == {}


@pytest.mark.parametrize(("then", "status", "sequence"), [("9102", "rejected", 2), ("verified", "verified", 3)])
def test_a_rejection_before_the_end_is_checked_once_more_after_the_link(
    world: World, then: str, status: str, sequence: int
) -> None:
    verification = world.new("9102")

    assert make_next_check(world, verification)["status"] == "rejected"
    last = int(verification.expires_at.timestamp()) + schedule.LATE_RESULT_SECONDS
    assert world.stored.due() == {verification.id: last}

    world.play(verification, then)
    row = make_next_check(world, verification)
    assert (row["status"], row["sequence"]) == (status, sequence)
    assert world.stored.due() == {}


def test_a_sweep_sends_at_most_its_limit_and_later_sweeps_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "8")
    for _ in range(16):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)

    taken = [sweep(world.deps, has_time=lambda: True).sent for _ in range(16)]

    assert max(taken) <= 8
    assert sum(taken) == world.stored.messages() == 16


def test_a_sweep_fills_the_queue_only_up_to_a_minutes_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "4")
    for _ in range(4):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    send = world.sandbox.client("sqs").send_message
    for _ in range(3):
        send(QueueUrl=world.deps.settings.due_queue_url, MessageBody="{}")
    # A delayed message, such as the follow-up of a return, does not count.
    send(QueueUrl=world.deps.settings.due_queue_url, MessageBody="{}", DelaySeconds=600)

    assert sweep(world.deps, has_time=lambda: True).sent == 1
    assert sweep(world.deps, has_time=lambda: True).sent == 0


def test_a_sweep_without_time_claims_nothing(world: World) -> None:
    verification = world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)

    assert sweep(world.deps, has_time=lambda: False).sent == 0

    assert world.stored.due() == {verification.id: world.clock.epoch}
    assert world.stored.messages() == 0


def test_two_sweeps_at_once_send_each_verification_once(world: World) -> None:
    for _ in range(12):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    others: list[int] = []

    def sweep_too() -> None:
        others.append(sweep(world.deps, has_time=lambda: True).sent)

    world.aws.before_next("dynamodb.UpdateItem", sweep_too)
    ours = sweep(world.deps, has_time=lambda: True).sent

    assert others[0] > 0
    assert ours + others[0] == world.stored.messages() == 12


def test_a_claim_that_was_not_sent_becomes_due_again(world: World) -> None:
    verification = world.new("verified")
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.aws.refuse("sqs.SendMessageBatch")

    with pytest.raises(FunctionError):
        world.sandbox.sweep_now()

    assert world.stored.due() == {verification.id: world.clock.epoch + 30}
    assert world.sandbox.drain_queue() == 0
    assert make_next_check(world, verification)["status"] == "verified"


@pytest.mark.parametrize("call", [1, 4, 6])
def test_a_failed_claim_does_not_block_earlier_claims(world: World, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    # At this rate no message gets a delay.
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "600")
    verifications = [world.new("verified") for _ in range(6)]
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
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
def test_an_unreadable_row_blocks_no_other_and_is_retried_hourly(
    world: World, name: str, damaged: str, repaired: Any
) -> None:
    unreadable, *others = (world.new() for _ in range(3))
    for verification in others:
        world.play(verification, "verified")
    world.stored.set(unreadable.id, name, damaged)

    assert sweep_minutes(world, 5) == [5]

    assert {world.row(verification)["status"] for verification in others} == {"verified"}
    assert world.stored.due() == {unreadable.id: world.clock.epoch + due.SET_ASIDE_SECONDS}
    assert sweep_minutes(world, 60) == []
    world.stored.set(unreadable.id, name, repaired)
    assert sweep_minutes(world, 60) == [60]
    assert world.row(unreadable)["status"] == "expired"
    assert world.stored.due() == {}


@pytest.mark.parametrize(("failing", "hours"), [("vendor", "168"), ("evidence", "24")])
def test_a_rejection_whose_last_check_fails_is_due_for_a_week_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch, failing: str, hours: str
) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", hours)
    verification = world.new("9102")
    assert make_next_check(world, verification)["status"] == "rejected"
    if failing == "vendor":
        world.vendor.fault("500", on="get", times=None)
    else:
        world.play(verification, "verified")
        vars(world.deps)["evidence"] = mock.Mock(put=mock.Mock(side_effect=StorageUnavailable("PutObject", "x")))
    # Skips most of the week of retries.
    last_minutes = int((verification.expires_at + timedelta(seconds=schedule.LATE_PROOF_SECONDS)).timestamp()) - 600
    world.stored.set(verification.id, "due_at", last_minutes)

    while verification.id in world.stored.due():
        make_next_check(world, verification)
        assert world.clock.epoch < last_minutes + 600 + 3600, "due for ever"

    assert world.row(verification)["status"] == "rejected"


def test_checks_back_off_during_an_outage_and_complete_afterwards(world: World) -> None:
    verification = world.new("verified")
    world.vendor.fault("503", on="get", times=None)

    waits = []
    for failures in range(1, 9):
        row = make_next_check(world, verification)
        assert (row["status"], row["failures"]) == ("pending", failures)
        waits.append(world.due_at(verification) - world.clock.epoch)
    world.vendor.clear_faults()

    assert waits == sorted(waits)
    assert waits[0] < 120
    assert 1800 < waits[-1] < 1900
    assert make_next_check(world, verification)["status"] == "verified"
    assert world.stored.due() == {}


def test_a_permanent_outage_ends_in_failed_and_never_in_rejected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", "1")
    verification = world.new()
    world.vendor.fault("500", on="get", times=None)
    gives_up_at = int(verification.expires_at.timestamp()) + world.deps.settings.give_up_after_seconds
    seen = set()

    while verification.id in world.stored.due():
        row = make_next_check(world, verification)
        seen.add((row["status"], world.clock.epoch >= gives_up_at))

    assert seen == {("pending", False), ("failed", True)}
    assert world.row(verification)["reason_code"] == "vendor_unreachable"
