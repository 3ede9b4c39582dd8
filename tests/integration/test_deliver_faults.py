"""Messages that cannot be read, and parts of AWS that fail while a webhook is delivered."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.deliveries import DETAIL, FROM_BUS, ID, OK, SECRET, Delivery, for_endpoint
from tests.integration.leaks import Said, found_in
from tests.integration.raw_server import RawServer, Response, whole

POISON = [
    "not json", "[]", "{}", "null", '"x"', '{"detail": {}}', '{"endpoint": "crm"}',
    json.dumps({"endpoint": "CRM", "event": DETAIL}), json.dumps({"endpoint": None, "event": DETAIL}),
    json.dumps({"detail": DETAIL | {"owner": None}}), json.dumps({"detail": DETAIL | {"data": []}}),
    json.dumps({"detail": DETAIL | {"data": {"id": "canary"}}}), json.dumps({"detail": DETAIL | {"id": "evt_1\r\nx:"}}),
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON)
def test_poison_is_reported_and_not_hidden_for_longer(delivery: Delivery, poison: str) -> None:
    assert not delivery.deliver(poison)
    assert (delivery.hidden, delivery.dead_letters()) == ([], [])
    (line,) = delivery.log()
    assert (line["message"], line["message_id"]) == ("message_failed", "message-1")


def test_poison_ends_among_the_dead_letters_and_stops_nobody_behind_it(delivery: Delivery) -> None:
    sqs, url = delivery.sandbox.client("sqs"), delivery.deps.settings.delivery_queue_url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    receives = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        with RawServer(OK) as server:
            delivery.endpoints({"name": "crm", "url": server.url})
            delivery.send('{"poison": 1}')
            delivery.send(FROM_BUS)
            assert delivery.sandbox.drain_queue() == receives + 2
            assert len(server.requests) == 1
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": attributes["VisibilityTimeout"]})
    assert [each["Body"] for each in delivery.dead_letters()] == [{"poison": 1}]
    assert len(delivery.log()) == receives


@pytest.mark.parametrize(
    ("call", "body", "receiver"),
    [
        ("secretsmanager.GetSecretValue", FROM_BUS, OK),
        ("sqs.SendMessageBatch", FROM_BUS, OK),
        ("dynamodb.GetItem", for_endpoint("crm"), OK),
        ("dynamodb.PutItem", for_endpoint("crm"), whole(b"", "410 Gone")),
        ("sqs.SendMessage", for_endpoint("gone"), OK),
        ("sqs.SendMessage", for_endpoint("crm"), whole(b"", "410 Gone")),
    ],
)
def test_a_part_of_aws_that_fails_leaves_the_message_and_a_line(
    delivery: Delivery, call: str, body: str, receiver: Response
) -> None:
    with RawServer(receiver) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        delivery.aws.deny(call, "AccessDenied")
        assert not delivery.deliver(body)
    lines = [line for line in delivery.log() if line["message"] == "message_failed"]
    assert [(line["operation"], line["error_code"]) for line in lines] == [(call.partition(".")[2], "AccessDenied")]
    assert lines[0]["verification_id"] == ID
    assert (delivery.hidden, delivery.dead_letters()) == ([], [])


def test_a_retry_that_cannot_be_planned_comes_when_the_queue_shows_it_again(delivery: Delivery) -> None:
    delivery.endpoints({"name": "crm", "url": "http://127.0.0.1:1/"})
    delivery.aws.deny("sqs.ChangeMessageVisibility", "ReceiptHandleIsInvalid")
    assert not delivery.deliver(for_endpoint("crm"))
    assert [(line["message"], line["operation"]) for line in delivery.log()] == [
        ("retry_not_planned", "ChangeMessageVisibility"),
        ("message_failed", "PostWebhook"),
    ]


def test_a_queue_that_takes_only_some_of_an_event_gets_all_again(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partly(QueueUrl: str, Entries: list[dict[str, str]]) -> Any:
        taken, refused = ({"Id": each["Id"]} for each in Entries)
        return {"Successful": [taken], "Failed": [refused | {"Code": "InternalError"}]}

    delivery.endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in ("a", "b")))
    monkeypatch.setattr(delivery.deps.delivery_queue, "_client", SimpleNamespace(send_message_batch=partly))
    assert not delivery.deliver(FROM_BUS)
    assert [(line["operation"], line["error_code"]) for line in delivery.log()] == [
        ("SendMessageBatch", "InternalError")
    ]


def test_nothing_is_said_of_the_url_the_body_the_secret_or_the_reference(delivery: Delivery, said: Said) -> None:
    answers = [whole(b"canary-response", status) for status in ("204 Fine", "302 Found", "500 Error", "410 Gone")]
    with RawServer(*answers) as server:
        port = str(server.port)
        delivery.endpoints(
            {"name": "crm", "url": f"{server.url}/canary-path?canary-query=1"}, {"name": "bad", "url": "canary-url"}
        )
        for _ in range(5):
            delivery.deliver(for_endpoint("crm"))
        delivery.deliver(for_endpoint("bad"))
        delivery.endpoints({"name": "crm", "url": "https://canary-host.example/canary-path"})
        delivery.deps.endpoint_switches.enable("crm")
        delivery.deliver(for_endpoint("crm"), age=73 * 3600)
        delivery.deliver(json.dumps({"canary-key": "canary-value"}))
    text = said.text()
    assert '"message":"webhook_delivered"' in text
    sought = ["canary", SECRET, SECRET.removeprefix("whsec_"), port]
    assert found_in(text, sought) == []
