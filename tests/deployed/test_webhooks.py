"""Tests the way of each event from the table's stream over the bus to the endpoints.

The endpoints and the operator's commands are those of docs/webhooks.md.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.cli.webhooks import new_secret
from tests.deployed.checkout import Checkout
from tests.deployed.conftest import run_as_operator
from tests.deployed.internet import PRIVATE_NAME
from tests.deployed.readme import documented
from tests.deployed.receiver import BILLING, CRM, Received, TlsReceiver
from tests.deployed.stack import DeployedStack, eventually
from tests.sandbox.identity_provider import IdentityProvider

ADVANCES = ["verification.created", "verification.processing", "verification.verified"]


def accepted(
    stack: DeployedStack, receiver: TlsReceiver, created: dict[str, Any], host: str, count: int
) -> list[Received]:
    """Waits until an endpoint has accepted `count` webhooks of a verification, and returns them."""

    def enough() -> list[Received]:
        found = receiver.accepted(created["id"], host)
        return found if len(found) >= count else []

    found = eventually(enough, why=lambda: (receiver.received, stack.logs("publish"), stack.logs("deliver")))
    assert len(found) == count
    return found


def lines(stack: DeployedStack, message: str, created: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns deliver's log lines with a message about a verification."""
    found = [line for line in stack.logs("deliver") if line.get("message") == message]
    return [line for line in found if line.get("verification_id") == created["id"]]


def test_each_advance_is_sent_signed_to_the_endpoints_that_want_it(
    stack: DeployedStack, receiver: TlsReceiver, endpoints: dict[str, str]
) -> None:
    # One attempt fails, and is repeated after five seconds.
    receiver.statuses = [500]
    created = stack.create(reference="order-webhooks")
    stack.open(stack.verify(created))

    webhooks = accepted(stack, receiver, created, CRM, 3)
    contents = [each.content(endpoints["crm"]) for each in webhooks]

    listed = stack.call("GET", f"/verifications/{created['id']}/events").json()["data"]
    assert [each["type"] for each in listed] == ADVANCES
    assert [each.id for each in webhooks] == [each["id"] for each in listed]
    assert contents == [{name: each[name] for name in ("type", "timestamp", "data")} for each in listed]
    assert contents[-1]["data"]["reference"] == "order-webhooks"
    # Billing wants final statuses only.
    (result,) = accepted(stack, receiver, created, BILLING, 1)
    assert result.content(endpoints["billing"]) == contents[-1]
    attempts = eventually(lambda: [line["attempt"] for line in lines(stack, "webhook_delivered", created)][3:])
    assert attempts
    (failed,) = lines(stack, "message_failed", created)
    assert failed["http_status"] == 500


def test_endpoint_of_a_principal_gets_no_events_of_others(
    stack: DeployedStack, receiver: TlsReceiver, endpoints: dict[str, str], identity_provider: IdentityProvider
) -> None:
    created = stack.create(key=identity_provider.token("verifications:write"))
    stack.open(stack.verify(created))

    contents = [each.content(endpoints["crm"]) for each in accepted(stack, receiver, created, CRM, 3)]

    assert [each["type"] for each in contents] == ADVANCES
    assert receiver.accepted(created["id"], BILLING) == []


def test_replay_sends_the_same_webhooks_again(
    stack: DeployedStack, receiver: TlsReceiver, endpoints: dict[str, str], checkout: Checkout
) -> None:
    created = stack.create()
    (first,) = accepted(stack, receiver, created, CRM, 1)

    assert stack.call("POST", f"/verifications/{created['id']}/events/replay").status_code == 202
    accepted(stack, receiver, created, CRM, 2)
    # The documented command, with a span of time that has this verification only.
    (command,) = documented("webhooks.md", "Replay")
    start = datetime.fromisoformat(created["created_at"])
    times = f"FROM={start.isoformat()} TO={(start + timedelta(milliseconds=1)).isoformat()}"
    assert command.startswith("make replay FROM=2026-01-31T00:00Z TO=2026-02-01T00:00Z")
    printed = run_as_operator(checkout, f"make -s replay {times} {command.partition('Z TO=2026-02-01T00:00Z ')[2]}")

    assert printed == "1 events of 1 verifications were sent again\n"
    webhooks = accepted(stack, receiver, created, CRM, 3)
    assert {(each.id, each.body) for each in webhooks} == {(first.id, first.body)}
    assert [each.content(endpoints["crm"])["type"] for each in webhooks] == ["verification.created"] * 3


@pytest.mark.usefixtures("endpoints")
def test_gone_endpoint_is_off_until_it_is_enabled_and_redelivered(
    stack: DeployedStack, receiver: TlsReceiver, checkout: Checkout
) -> None:
    receiver.statuses = [410]
    gone = stack.create()
    eventually(lambda: lines(stack, "endpoint_off", gone))
    after = stack.create()
    (off,) = eventually(lambda: lines(stack, "endpoint_off", after))

    assert (off["endpoint"], off["reason"]) == ("crm", "it is disabled")
    *_, listing = documented("webhooks.md", "Endpoints")[0].splitlines()
    listed = run_as_operator(checkout, listing)
    assert "crm: https://crm.example.com events: all principal: all secrets: 1 OFF" in listed
    assert [receiver.accepted(each["id"], CRM) for each in (gone, after)] == [[], []]
    run_as_operator(checkout, *documented("webhooks.md", "An endpoint that is off"))
    # deliver caches the state of an endpoint for half a minute.
    stack.force_cold_start("DeliverFunction")
    printed = run_as_operator(checkout, *documented("webhooks.md", "Redelivery"))
    # An event of an earlier test's verification may have come while the endpoint was off.
    assert int(printed.removesuffix(" sent again\n")) >= 2

    for created in (gone, after):
        accepted(stack, receiver, created, CRM, 1)


def test_endpoint_with_a_private_address_gets_nothing(stack: DeployedStack, receiver: TlsReceiver) -> None:
    entry = {"name": "inside", "url": f"https://{PRIVATE_NAME}/hook", "secrets": [new_secret()]}
    with stack.endpoints(entry):
        created = stack.create()
        (failed, *_) = eventually(lambda: lines(stack, "message_failed", created))

    assert (failed["error"], failed["error_code"]) == ("DeliveryFailed", "AddressRefused")
    assert [each for each in receiver.received if each.host == PRIVATE_NAME] == []


def test_rule_of_an_operator_gets_events_of_the_bus(stack: DeployedStack) -> None:
    events, sqs = stack.client("events"), stack.client("sqs")
    bus, name = stack.outputs()["EventBusName"], "of-the-operator"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"detail-type": ADVANCES[:1]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        created = stack.create()
        (message,) = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages", []))
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)

    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"], event["resources"]) == (bus, ADVANCES[0], [created["id"]])
    # The first 16 digits of the SHA-256 of "web".
    assert (event["detail"]["owner"], event["detail"]["data"]["sequence"]) == ("4b5e57f6eb2f42b9", 1)
