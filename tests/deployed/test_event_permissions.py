"""Removes one permission of publish and deliver at a time: the event waits, and is delivered later."""

import json
import time
from typing import Any

import pytest

from bridge.cli.webhooks import new_secret
from tests.deployed.permission_cases import DELIVERIES, PUBLISH, REPLAY, SET_ASIDE
from tests.deployed.permissions import Permission, assert_unavailable, denied
from tests.deployed.receiver import CRM, TlsReceiver
from tests.deployed.stack import DeployedStack, eventually
from tests.sandbox.events import queue_event, queue_message

ID = "ver_" + "a" * 26
DETAIL = {
    "id": f"evt_{ID[4:]}_2",
    # The first 16 digits of the SHA-256 of "web".
    "owner": "4b5e57f6eb2f42b9",
    "type": "verification.verified",
    "timestamp": "2026-01-31T08:00:00.000Z",
    "data": {"id": ID, "sequence": 2},
}
# By operation: the endpoint's responses before 204, and whether the message comes from the bus.
CASES: dict[str, tuple[list[int], bool]] = {
    "GetSecretValue": ([], True),
    "SendMessageBatch": ([], True),
    "GetItem": ([], False),
    "PutItem": ([410, 410], False),
    "SendMessage": ([410, 410], False),
    "ChangeMessageVisibility": ([500], False),
}


@pytest.mark.parametrize("permission", DELIVERIES, ids=lambda each: f"{each.sid}-{each.action}")
def test_webhook_without_a_permission_is_delivered_later(
    permission: Permission, stack: DeployedStack, receiver: TlsReceiver
) -> None:
    receiver.statuses, is_from_bus = list(CASES[DELIVERIES[permission]][0]), CASES[DELIVERIES[permission]][1]
    message = {"detail": DETAIL} if is_from_bus else {"endpoint": "crm", "event": DETAIL}
    before = len(receiver.received)
    with stack.endpoints({"name": "crm", "url": f"https://{CRM}/hook", "secrets": [new_secret()]}):
        with denied(stack, permission, DELIVERIES[permission], about=ID):
            assert _deliver(stack, message) == ["message-1"]

        # After a failure, a process reads a secret again after two seconds.
        eventually(lambda: _deliver(stack, message) == [])
        eventually(lambda: receiver.received[before:])
    receiver.statuses.clear()


@pytest.mark.usefixtures("endpoints")
def test_event_without_its_permission_waits_in_the_stream(stack: DeployedStack, receiver: TlsReceiver) -> None:
    with denied(stack, PUBLISH, "PutEvents") as denial:
        created = stack.create()

    assert denial.verification_id == created["id"]
    eventually(lambda: receiver.accepted(created["id"], CRM))


def test_unreadable_change_blocks_the_stream_until_it_can_be_set_aside(stack: DeployedStack) -> None:
    created = stack.create()
    sqs, queue = stack.client("sqs"), stack.resource("PublishDeadLetterQueue")
    with denied(stack, SET_ASIDE, "SendMessage") as denial:
        # A damaged row, which publish cannot read.
        stack.overwrite(created, created_at={"S": "once"}, advanced={"BOOL": True})

    assert denial.verification_id == created["id"]
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []))
    assert json.loads(message["Body"])["verification_id"] == created["id"]
    sqs.purge_queue(QueueUrl=queue)
    stack.client("dynamodb").delete_item(
        TableName=stack.resource("VerificationsTable"), Key={"id": {"S": created["id"]}}
    )


@pytest.mark.usefixtures("endpoints")
def test_replay_without_its_permission_is_503_until_restored(stack: DeployedStack, receiver: TlsReceiver) -> None:
    created = stack.create()
    eventually(lambda: receiver.accepted(created["id"], CRM))
    path = f"/verifications/{created['id']}/events/replay"
    with denied(stack, REPLAY, "PutEvents") as denial:
        assert_unavailable(stack.call("POST", path))

    assert denial.verification_id == created["id"]
    assert stack.call("POST", path).status_code == 202
    eventually(lambda: len(receiver.accepted(created["id"], CRM)) == 2)


def _deliver(stack: DeployedStack, message: dict[str, Any]) -> list[str]:
    """Invokes deliver with a message; returns the ids of the messages that it reports as failed."""
    received = queue_message(json.dumps(message), sent_at=time.time())
    result = stack.invoke("DeliverFunction", queue_event("DeliveryQueue", [received]))
    assert "FunctionError" not in result, result["Payload"]
    return [each["itemIdentifier"] for each in result["Payload"]["batchItemFailures"]]
