"""Each advance of a verification is an event, from the table's stream over the bus to the endpoints, as webhooks.

The endpoints and the operator's commands are those of docs/webhooks.md.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.cli.webhooks import new_secret
from tests.deployed.checkout import Checkout
from tests.deployed.conftest import operate
from tests.deployed.internet import INSIDE
from tests.deployed.readme import documented
from tests.deployed.receiver import BILLING, CRM, Received, Receiver
from tests.deployed.stack import Stack, eventually
from tests.sandbox.identity_provider import IdentityProvider

ADVANCES = ["verification.created", "verification.processing", "verification.verified"]


def accepted(stack: Stack, receiver: Receiver, created: dict[str, Any], host: str, count: int) -> list[Received]:
    """The webhooks of a verification that an endpoint accepted, as soon as there are so many."""

    def enough() -> list[Received]:
        found = receiver.about(created["id"], host)
        return found if len(found) >= count else []

    found = eventually(enough, why=lambda: (receiver.received, stack.logs("publish"), stack.logs("deliver")))
    assert len(found) == count
    return found


def lines(stack: Stack, message: str, created: dict[str, Any]) -> list[dict[str, Any]]:
    """Those in deliver's log about a verification."""
    found = [line for line in stack.logs("deliver") if line.get("message") == message]
    return [line for line in found if line.get("verification_id") == created["id"]]


def test_each_advance_is_sent_signed_to_the_endpoints_that_want_it(
    stack: Stack, receiver: Receiver, endpoints: dict[str, str]
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
    # Billing wants results alone.
    (result,) = accepted(stack, receiver, created, BILLING, 1)
    assert result.content(endpoints["billing"]) == contents[-1]
    attempts = eventually(lambda: [line["attempt"] for line in lines(stack, "webhook_delivered", created)][3:])
    assert attempts
    (failed,) = lines(stack, "message_failed", created)
    assert failed["http_status"] == 500


def test_an_endpoint_of_a_principal_is_sent_nothing_of_others(
    stack: Stack, receiver: Receiver, endpoints: dict[str, str], identity_provider: IdentityProvider
) -> None:
    created = stack.create(key=identity_provider.token("verifications:write"))
    stack.open(stack.verify(created))

    contents = [each.content(endpoints["crm"]) for each in accepted(stack, receiver, created, CRM, 3)]

    assert [each["type"] for each in contents] == ADVANCES
    assert receiver.about(created["id"], BILLING) == []


def test_a_replay_sends_the_same_webhooks_again(
    stack: Stack, receiver: Receiver, endpoints: dict[str, str], checkout: Checkout
) -> None:
    created = stack.create()
    (first,) = accepted(stack, receiver, created, CRM, 1)

    assert stack.call("POST", f"/verifications/{created['id']}/events/replay").status_code == 202
    accepted(stack, receiver, created, CRM, 2)
    # The command for a span of time, here for this verification alone.
    (command,) = documented("webhooks.md", "Replay")
    start = datetime.fromisoformat(created["created_at"])
    times = f"FROM={start.isoformat()} TO={(start + timedelta(milliseconds=1)).isoformat()}"
    assert command.startswith("make replay FROM=2026-01-31T00:00Z TO=2026-02-01T00:00Z")
    printed = operate(checkout, f"make -s replay {times} {command.partition('Z TO=2026-02-01T00:00Z ')[2]}")

    assert printed == "1 events of 1 verifications were sent again\n"
    webhooks = accepted(stack, receiver, created, CRM, 3)
    assert {(each.id, each.body) for each in webhooks} == {(first.id, first.body)}
    assert [each.content(endpoints["crm"])["type"] for each in webhooks] == ["verification.created"] * 3


@pytest.mark.usefixtures("endpoints")
def test_an_endpoint_that_is_gone_is_off_until_it_is_enabled_and_redelivered(
    stack: Stack, receiver: Receiver, checkout: Checkout
) -> None:
    receiver.statuses = [410]
    gone, after = stack.create(), None
    eventually(lambda: lines(stack, "endpoint_off", gone))
    after = stack.create()
    (off,) = eventually(lambda: lines(stack, "endpoint_off", after))

    assert (off["endpoint"], off["reason"]) == ("crm", "it is disabled")
    *_, listing = documented("webhooks.md", "Endpoints")[0].splitlines()
    assert "crm: https://crm.example.com events: all principal: all secrets: 1 OFF" in operate(checkout, listing)
    assert [receiver.about(each["id"], CRM) for each in (gone, after)] == [[], []]
    operate(checkout, *documented("webhooks.md", "An endpoint that is off"))
    # In place of the half minute for which deliver remembers it.
    stack.start_anew("DeliverFunction")
    assert operate(checkout, *documented("webhooks.md", "Redelivery")) == "2 sent again\n"

    for created in (gone, after):
        accepted(stack, receiver, created, CRM, 1)


def test_a_name_that_leads_inside_the_network_is_sent_nothing(stack: Stack, receiver: Receiver) -> None:
    entry = {"name": "inside", "url": f"https://{INSIDE}/hook", "secrets": [new_secret()]}
    with stack.endpoints(entry):
        created = stack.create()
        (failed, *_) = eventually(lambda: lines(stack, "message_failed", created))

    assert (failed["error"], failed["error_code"]) == ("DeliveryFailed", "AddressRefused")
    assert [each for each in receiver.received if each.host == INSIDE] == []


def test_an_event_is_on_the_bus_for_rules_of_the_operator(stack: Stack) -> None:
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
