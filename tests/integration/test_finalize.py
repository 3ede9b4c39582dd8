"""finalize reports the messages of a batch that fail, and handles all others."""

import json
from unittest import mock

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.domain import schedule
from tests.integration.harness import World
from tests.sandbox.events import queue_event, queue_message
from tests.sandbox.sandbox import Sandbox


def finalize(sandbox: Sandbox, *bodies: str) -> list[str]:
    """Invokes the function with a batch; returns the numbers, from 0, of the messages that it reports as failed."""
    messages = [queue_message(body, id=str(number)) for number, body in enumerate(bodies)]
    response = sandbox.invoke("FinalizeFunction", queue_event("DueQueue", messages))
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


NO_DUE_TIME = json.dumps({"id": "ver_" + "a" * 26, "due_at": True})
POISON = ["", "not json", "[]", "{}", '{"id": 5}', '{"id": null}', '{"id": "ver_x"}', "null", NO_DUE_TIME]


@pytest.mark.parametrize("poison", POISON)
def test_a_poison_message_is_reported_and_blocks_no_other(world: World, poison: str) -> None:
    first, second = world.new(), world.new()
    for verification in (first, second):
        world.play(verification, "verified")

    failed = finalize(world.sandbox, json.dumps({"id": first.id}), poison, json.dumps({"id": second.id}))

    assert failed == ["1"]
    assert {row["status"] for row in world.stored.rows()} == {"verified"}


def test_a_batch_of_poison_messages_is_reported_completely(world: World) -> None:
    assert finalize(world.sandbox, "x", "{}") == ["0", "1"]


def test_an_aws_failure_is_reported_and_other_messages_are_handled(world: World) -> None:
    first, second = world.new(), world.new()
    for verification in (first, second):
        world.play(verification, "verified")
    world.aws.refuse("dynamodb.UpdateItem")

    failed = finalize(world.sandbox, json.dumps({"id": first.id}), json.dumps({"id": second.id}))

    assert failed == ["0"]
    assert world.row(second)["status"] == "verified"
    assert finalize(world.sandbox, json.dumps({"id": first.id})) == []
    assert world.row(first)["status"] == "verified"


def test_a_vendor_fault_does_not_fail_the_message(world: World) -> None:
    verification = world.new()
    world.vendor.fault("500", on="get", times=None)

    assert finalize(world.sandbox, json.dumps({"id": verification.id})) == []

    assert verification.id in world.stored.due()


def test_a_duplicate_message_costs_no_second_vendor_call(world: World) -> None:
    verification = world.new()
    body = json.dumps({"id": verification.id})

    assert finalize(world.sandbox, body, body) == []

    assert world.vendor.calls()["get"] == 1


def test_a_message_for_a_missing_verification_succeeds(world: World) -> None:
    assert finalize(world.sandbox, json.dumps({"id": "ver_" + "a" * 26})) == []


def test_a_check_that_came_just_after_another_is_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    verification = world.new()
    due_at = world.due_at(verification)
    world.clock.go_to(due_at - 2)
    world.refresh(verification)
    send = mock.Mock(return_value={})
    monkeypatch.setattr(world.deps.due_queue, "send", send)

    world.finalize(verification, due_at)

    send.assert_called_once_with([DueMessage(verification.id, due_at, delay=schedule.MIN_CHECK_INTERVAL_SECONDS)])


def test_an_open_verification_stays_due_however_long_its_link_is_over(world: World) -> None:
    verification = world.new()
    due_at = world.due_at(verification)
    world.clock.advance(schedule.LATE_PROOF_SECONDS + 3600)
    # A refresh has just failed.
    world.stored.set(verification.id, "claimed_at", (world.clock.epoch - 1) * 1000)

    world.finalize(verification, due_at)

    assert world.due_at(verification) == due_at
