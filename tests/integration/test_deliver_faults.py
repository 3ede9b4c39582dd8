"""Unreadable messages, and AWS failures during the delivery of a webhook."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.deliveries import DETAIL, FROM_BUS, ID, OK, SECRET, Delivery, for_endpoint
from tests.integration.leaks import Output, leaked_in
from tests.integration.raw_server import RawServer, Response, whole

POISON = [
    "not json", "[]", "{}", "null", '"x"', '{"detail": {}}', '{"endpoint": "crm"}',
    json.dumps({"endpoint": "CRM", "event": DETAIL}), json.dumps({"endpoint": None, "event": DETAIL}),
    json.dumps({"detail": DETAIL | {"owner": None}}), json.dumps({"detail": DETAIL | {"data": []}}),
    json.dumps({"detail": DETAIL | {"data": {"id": "canary"}}}), json.dumps({"detail": DETAIL | {"id": "evt_1\r\nx:"}}),
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON)
def test_a_poison_message_is_reported_and_its_visibility_unchanged(delivery: Delivery, poison: str) -> None:
    assert not delivery.deliver(poison)
    assert (delivery.hidden, delivery.dead_letters()) == ([], [])
    (line,) = delivery.log()
    assert (line["message"], line["message_id"]) == ("message_failed", "message-1")


def test_a_poison_message_becomes_a_dead_letter_and_blocks_no_other(delivery: Delivery) -> None:
    sqs, url = delivery.sandbox.client("sqs"), delivery.deps.settings.delivery_queue_url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    receives = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        with RawServer(OK) as server:
            delivery.put_endpoints({"name": "crm", "url": server.url})
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
def test_an_aws_failure_keeps_the_message_and_is_logged(
    delivery: Delivery, call: str, body: str, receiver: Response
) -> None:
    with RawServer(receiver) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        delivery.aws.deny(call, "AccessDenied")
        assert not delivery.deliver(body)
    lines = [line for line in delivery.log() if line["message"] == "message_failed"]
    assert [(line["operation"], line["error_code"]) for line in lines] == [(call.partition(".")[2], "AccessDenied")]
    assert lines[0]["verification_id"] == ID
    assert (delivery.hidden, delivery.dead_letters()) == ([], [])


def test_a_retry_whose_delay_cannot_be_set_is_logged_and_left_to_the_queue(delivery: Delivery) -> None:
    delivery.put_endpoints({"name": "crm", "url": "http://127.0.0.1:1/"})
    delivery.aws.deny("sqs.ChangeMessageVisibility", "ReceiptHandleIsInvalid")
    assert not delivery.deliver(for_endpoint("crm"))
    assert [(line["message"], line["operation"]) for line in delivery.log()] == [
        ("retry_not_planned", "ChangeMessageVisibility"),
        ("message_failed", "PostWebhook"),
    ]


def test_an_event_that_the_queue_accepts_in_part_is_reported_as_failed(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partly(QueueUrl: str, Entries: list[dict[str, str]]) -> Any:
        taken, refused = ({"Id": each["Id"]} for each in Entries)
        return {"Successful": [taken], "Failed": [refused | {"Code": "InternalError"}]}

    delivery.put_endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in ("a", "b")))
    monkeypatch.setattr(delivery.deps.delivery_queue, "_client", SimpleNamespace(send_message_batch=partly))
    assert not delivery.deliver(FROM_BUS)
    assert [(line["operation"], line["error_code"]) for line in delivery.log()] == [
        ("SendMessageBatch", "InternalError")
    ]


def test_the_log_has_no_url_body_secret_or_reference(delivery: Delivery, output: Output) -> None:
    responses = [whole(b"canary-response", status) for status in ("204 Fine", "302 Found", "500 Error", "410 Gone")]
    with RawServer(*responses) as server:
        port = str(server.port)
        delivery.put_endpoints(
            {"name": "crm", "url": f"{server.url}/canary-path?canary-query=1"}, {"name": "bad", "url": "canary-url"}
        )
        for _ in range(5):
            delivery.deliver(for_endpoint("crm"))
        delivery.deliver(for_endpoint("bad"))
        delivery.put_endpoints({"name": "crm", "url": "https://canary-host.example/canary-path"})
        delivery.deps.endpoint_switches.enable("crm")
        delivery.deliver(for_endpoint("crm"), age=73 * 3600)
        delivery.deliver(json.dumps({"canary-key": "canary-value"}))
    text = output.text()
    assert '"message":"webhook_delivered"' in text
    canaries = ["canary", SECRET, SECRET.removeprefix("whsec_"), port]
    assert leaked_in(text, canaries) == []
