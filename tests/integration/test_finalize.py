"""The queue's batches: what cannot be done is reported, and holds up nobody else."""

import json

import pytest

from tests.integration.harness import World
from tests.sandbox.sandbox import Sandbox


def finalize(sandbox: Sandbox, *bodies: str) -> list[str]:
    """Hands a batch to the function; which of its messages, counted from 0, it reports as failed."""
    records = [{"messageId": str(i), "body": body, "eventSource": "aws:sqs"} for i, body in enumerate(bodies)]
    response = sandbox.invoke("FinalizeFunction", {"Records": records})
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


NO_DUE_TIME = json.dumps({"id": "ver_" + "a" * 26, "due_at": True})
POISON = ["", "not json", "[]", "{}", '{"id": 5}', '{"id": null}', '{"id": "ver_x"}', "null", NO_DUE_TIME]


@pytest.mark.parametrize("poison", POISON)
def test_poison_is_reported_and_blocks_no_other_message(world: World, poison: str) -> None:
    first, second = world.new(), world.new()
    for verification in (first, second):
        world.play(verification, "verified")

    failed = finalize(world.sandbox, json.dumps({"id": first.id}), poison, json.dumps({"id": second.id}))

    assert failed == ["1"]
    assert {row["status"] for row in world.stored.rows()} == {"verified"}


def test_a_batch_of_nothing_but_poison_is_reported_whole(world: World) -> None:
    assert finalize(world.sandbox, "x", "{}") == ["0", "1"]


def test_a_part_of_aws_that_fails_is_reported_and_the_rest_is_done(world: World) -> None:
    first, second = world.new(), world.new()
    for verification in (first, second):
        world.play(verification, "verified")
    world.aws.refuse("dynamodb.UpdateItem")

    failed = finalize(world.sandbox, json.dumps({"id": first.id}), json.dumps({"id": second.id}))

    assert failed == ["0"]
    assert world.row(second)["status"] == "verified"
    assert finalize(world.sandbox, json.dumps({"id": first.id})) == []
    assert world.row(first)["status"] == "verified"


def test_the_vendors_fault_is_no_fault_of_the_message(world: World) -> None:
    verification = world.new()
    world.vendor.fault("500", on="get", times=None)

    assert finalize(world.sandbox, json.dumps({"id": verification.id})) == []

    assert verification.id in world.stored.due()


def test_a_message_that_comes_twice_costs_one_vendor_call(world: World) -> None:
    verification = world.new()
    body = json.dumps({"id": verification.id})

    assert finalize(world.sandbox, body, body) == []

    assert world.vendor.calls()["get"] == 1


def test_a_message_for_what_is_not_there_any_more_is_done(world: World) -> None:
    assert finalize(world.sandbox, json.dumps({"id": "ver_" + "a" * 26})) == []
