"""Each permission of deliver is taken in turn: the message stays, with a line and a metric, and is delivered later."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.cli.webhooks import new_secret
from tests.deployed.permission_cases import DELIVERIES
from tests.deployed.permissions import Permission, denied
from tests.deployed.stack import Stack
from tests.integration.raw_server import RawServer, whole

ID = "ver_" + "a" * 26
DETAIL = {
    "id": f"evt_{ID[4:]}_2",
    "principal": "web",
    "type": "verification.verified",
    "timestamp": "2026-01-31T08:00:00.000Z",
    "data": {"id": ID, "sequence": 2},
}
OK, FAILED, GONE = whole(b"", "204 No Content"), whole(b"", "500 Error"), whole(b"", "410 Gone")
# What the endpoint answers, in turn, and whether the message is still the bus's.
CASES = {
    "GetSecretValue": ([OK], True),
    "SendMessageBatch": ([OK], True),
    "GetItem": ([OK], False),
    "PutItem": ([GONE], False),
    "SendMessage": ([GONE], False),
    "ChangeMessageVisibility": ([FAILED, OK], False),
}


@pytest.mark.parametrize("permission", DELIVERIES, ids=lambda each: f"{each.sid}-{each.action}")
def test_a_webhook_that_is_denied_anything_stays_and_is_delivered_later(permission: Permission, stack: Stack) -> None:
    answers, is_from_bus = CASES[DELIVERIES[permission]]
    message = {"detail": DETAIL} if is_from_bus else {"endpoint": "crm", "event": DETAIL}
    with RawServer(*answers) as server, _endpoint(stack, server.url):
        with denied(stack, permission, DELIVERIES[permission], about=ID):
            assert _deliver(stack, message) == ["message-1"]

        assert _deliver(stack, message) == []


def _deliver(stack: Stack, message: dict[str, Any]) -> list[str]:
    """The messages that deliver reports as failed."""
    sent = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
    record = {"messageId": "message-1", "receiptHandle": "handle", "body": json.dumps(message), "attributes": sent}
    result = stack.invoke("DeliverFunction", {"Records": [record | {"eventSource": "aws:sqs"}]})
    return [each["itemIdentifier"] for each in result["Payload"]["batchItemFailures"]]


@contextmanager
def _endpoint(stack: Stack, url: str) -> Iterator[None]:
    """Inside, this machine is the one endpoint, and deliver, which starts anew, may send to it without TLS."""
    secrets, arn = stack.client("secretsmanager"), stack.outputs()["WebhookEndpointsSecretArn"]
    function, name = stack.client("lambda"), stack.resource("DeliverFunction")
    variables = stack.configuration("DeliverFunction")["Environment"]["Variables"]
    local = variables | {"WEBHOOK_ALLOW_HTTP_LOOPBACK": "true"}
    entry = {"name": "crm", "url": url, "secrets": [new_secret()]}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps({"endpoints": [entry]}))
    function.update_function_configuration(FunctionName=name, Environment={"Variables": local})
    try:
        yield
    finally:
        function.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        secrets.put_secret_value(SecretId=arn, SecretString='{"endpoints": []}')
        stack.client("dynamodb").delete_item(TableName=stack.resource("EndpointsTable"), Key={"name": {"S": "crm"}})
        for queue in ("DeliveryQueue", "DeliveryDeadLetterQueue"):
            stack.client("sqs").purge_queue(QueueUrl=stack.resource(queue))
