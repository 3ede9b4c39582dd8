"""Webhooks through the function and its queue: who is sent what, what a failure leads to, and what is set aside."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from standardwebhooks.webhooks import Webhook

from bridge.domain.errors import StorageUnavailable
from bridge.settings import Settings
from bridge.store.endpoints import MAX_AGE, EndpointSwitches
from tests.integration.harness import World
from tests.integration.leaks import Said, found_in
from tests.integration.raw_server import RawServer, Response, whole

ID = "ver_" + "a" * 26
SECRET, SECOND = "whsec_" + "Y2FuYXJ5" * 6, "whsec_" + "c2Vjb25k" * 6
DATA = {"id": ID, "reference": "canary-reference", "status": "verified", "sequence": 2}
DETAIL = {
    "id": f"evt_{ID[4:]}_2",
    "principal": "web",
    "type": "verification.verified",
    "timestamp": "2026-01-31T08:00:00.000Z",
    "data": DATA,
}
FROM_BUS = json.dumps({"version": "0", "detail-type": DETAIL["type"], "source": "ekyc-bridge", "detail": DETAIL})
NAMED = {"endpoint": "crm", "event_id": DETAIL["id"], "verification_id": ID}
OK = whole(b"{}", "204 No Content")


def for_endpoint(name: str, **changes: Any) -> str:
    return json.dumps({"endpoint": name, "event": DETAIL | changes})


@dataclass(frozen=True, slots=True)
class Delivery(World):
    """A world whose messages of webhooks are handed to the function one by one."""

    hidden: list[int]
    log: Callable[[], list[dict[str, Any]]]

    @property
    def _sqs(self) -> Any:
        return self.sandbox.client("sqs")

    def endpoints(self, *entries: Any) -> None:
        """Who is sent webhooks, with a secret unless an entry has its own."""
        listed = [{"secrets": [SECRET]} | each if isinstance(each, dict) else each for each in entries]
        self.sandbox.client("secretsmanager").put_secret_value(
            SecretId=self.deps.settings.webhook_endpoints_secret_arn, SecretString=json.dumps({"endpoints": listed})
        )
        vars(self.deps).pop("_webhook_endpoints", None)

    def send(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self.deps.settings.delivery_queue_url, MessageBody=body)

    def deliver(self, body: str, *, attempt: int = 1, age: float = 0.0) -> bool:
        """Hands one message over, received so often and sent so long ago; whether it is done."""
        url = self.deps.settings.delivery_queue_url
        self._sqs.purge_queue(QueueUrl=url)
        self.send(body)
        (message,) = self._sqs.receive_message(QueueUrl=url)["Messages"]
        sent = int((self.clock.time.timestamp() - age) * 1000)
        record = {
            "messageId": "message-1",
            "receiptHandle": message["ReceiptHandle"],
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(attempt), "SentTimestamp": str(sent)},
            "eventSource": "aws:sqs",
        }
        result = self.sandbox.invoke("DeliverFunction", {"Records": [record]})
        return not result["batchItemFailures"]

    def waiting(self) -> list[dict[str, Any]]:
        """The messages that can be received from the queue."""
        return self._received(self.deps.settings.delivery_queue_url)

    def dead_letters(self) -> list[dict[str, Any]]:
        return self._received(self.deps.settings.delivery_dead_letter_queue_url)

    def _received(self, url: str) -> list[dict[str, Any]]:
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
        return [
            each | {"Body": json.loads(each["Body"])} for each in self._sqs.receive_message(**asked).get("Messages", [])
        ]


@pytest.fixture
def world(world: World, said: Said) -> Iterator[Delivery]:
    # The library that verifies goes by the real time.
    world.clock.time = datetime.now(UTC)
    hidden: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        hidden.append(params["VisibilityTimeout"])

    def log() -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in said.text().splitlines() if line.startswith('{"level"'))
        return [line for line in lines if line["level"] in ("WARNING", "ERROR")]

    events, name = world.aws.client("sqs").meta.events, "before-parameter-build.sqs.ChangeMessageVisibility"
    events.register(name, note)
    yield Delivery(**{each.name: getattr(world, each.name) for each in fields(World)}, hidden=hidden, log=log)
    events.unregister(name, note)


def content(request: bytes, secret: str = SECRET) -> Any:
    """What a request says, verified by the public library."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert headers["Content-Type"] == "application/json"
    return {"id": headers["webhook-id"], **Webhook(secret).verify(body, headers)}


def test_an_event_reaches_each_endpoint_that_wants_it_signed_and_no_other(world: Delivery) -> None:
    with RawServer(OK) as crm, RawServer(OK) as wide, RawServer(OK) as other:
        world.endpoints(
            {"name": "crm", "url": f"{crm.url}/a?b=c", "events": ["verification.verified"], "principal": "web"},
            {"name": "wide", "url": wide.url, "secrets": [SECOND, SECRET]},
            {"name": "other-type", "url": other.url, "events": ["verification.failed"]},
            {"name": "other-principal", "url": other.url, "principal": "mobile"},
        )
        world.send(FROM_BUS)
        # The event, and then one message for each of the two.
        assert world.sandbox.drain_queue() == 3
        assert (len(crm.requests), len(wide.requests), other.connections) == (1, 1, 0)
    expected = {"id": DETAIL["id"], "type": DETAIL["type"], "timestamp": DETAIL["timestamp"], "data": DATA}
    assert crm.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert content(crm.requests[0]) == expected
    assert [content(wide.requests[0], secret) for secret in (SECRET, SECOND)] == [expected] * 2
    assert (world.waiting(), world.dead_letters(), world.log()) == ([], [], [])


def test_each_endpoint_is_a_message_group_of_its_own_so_that_the_queue_is_fair(world: Delivery) -> None:
    names = [f"endpoint-{i}" for i in range(12)]
    world.endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in names))
    assert world.deliver(FROM_BUS)
    sent = world.waiting() + world.waiting()
    assert {each["Attributes"]["MessageGroupId"]: each["Body"] for each in sent} == {
        name: {"endpoint": name, "event": DETAIL} for name in names
    }


def test_without_endpoints_an_event_is_done(world: Delivery) -> None:
    assert world.deliver(FROM_BUS)
    assert (world.waiting(), world.dead_letters(), world.log()) == ([], [], [])


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"])
def test_any_2xx_is_done(world: Delivery, status: str) -> None:
    with RawServer(whole(b"", status)) as server:
        world.endpoints({"name": "crm", "url": server.url})
        assert world.deliver(for_endpoint("crm"))
    assert (world.hidden, world.dead_letters(), world.log()) == ([], [], [])


@pytest.mark.parametrize(
    ("status", "attempt", "header", "hidden"),
    [
        ("301 Moved", 1, "", 5),
        ("304 Not Modified", 1, "", 5),
        ("400 Bad Request", 2, "", 300),
        ("401 Unauthorized", 3, "", 1800),
        ("404 Not Found", 4, "", 7200),
        ("408 Timeout", 5, "", 18000),
        ("429 Too Many", 1, "Retry-After: 120\r\n", 120),
        ("500 Error", 6, "", 39600),
        ("503 Busy", 9, "Retry-After: 86400\r\n", 39600),
        ("503 Busy", 2, "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 300),
    ],
)
def test_any_other_status_is_tried_again_by_the_schedule(
    world: Delivery, status: str, attempt: int, header: str, hidden: int
) -> None:
    with RawServer(whole(b"canary-body", status, header)) as server:
        world.endpoints({"name": "crm", "url": server.url})
        assert not world.deliver(for_endpoint("crm"), attempt=attempt)
    assert (world.hidden, world.dead_letters()) == ([hidden], [])
    (line,) = world.log()
    expected = NAMED | {"operation": "PostWebhook", "http_status": int(status[:3]), "error": "DeliveryFailed"}
    assert {name: line.get(name) for name in expected} == expected


def test_one_that_was_tried_again_is_delivered_with_the_same_id_and_a_new_time(world: Delivery) -> None:
    with RawServer(whole(b"", "500 Error"), OK) as server:
        world.endpoints({"name": "crm", "url": server.url})
        assert not world.deliver(for_endpoint("crm"))
        world.clock.advance(30)
        assert world.deliver(for_endpoint("crm"), attempt=2)
        first, second = server.requests
    assert content(first) == content(second)
    assert [line for line in first.splitlines() if b"timestamp:" in line] != [
        line for line in second.splitlines() if b"timestamp:" in line
    ]


def test_a_webhook_that_failed_comes_again_from_the_queue_by_itself(
    world: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_RETRY_SECONDS", "1")
    with RawServer(whole(b"", "500 Error"), OK) as server:
        world.endpoints({"name": "crm", "url": server.url})
        world.send(FROM_BUS)
        assert world.sandbox.drain_queue() == 2
        assert world.sandbox.drain_queue() == 0
        ends_at = time.monotonic() + 20
        while not world.sandbox.drain_queue():
            assert time.monotonic() < ends_at
            time.sleep(0.1)
        assert [content(request)["id"] for request in server.requests] == [DETAIL["id"]] * 2
    assert (world.hidden, world.waiting(), world.dead_letters()) == ([1], [], [])


@pytest.mark.parametrize("allowed", [True, False])
def test_a_receiver_that_is_not_reached_is_tried_again(world: Delivery, allowed: bool) -> None:
    def hang_up(connection: Any, stopping: Any) -> None:
        connection.close()

    with RawServer(hang_up) as server:
        world.endpoints({"name": "crm", "url": server.url if allowed else "https://127.0.0.1.nip.example/"})
        assert not world.deliver(for_endpoint("crm"))
    (line,) = world.log()
    assert line["error_code"] == ("ConnectionLost" if allowed else "NotResolved")
    assert ("http_status" in line, world.hidden) == (False, [5])


def test_without_the_setting_of_local_stacks_this_machine_is_no_endpoint(world: Delivery) -> None:
    settings = world.deps.settings
    names = {"DELIVERY_QUEUE_URL": settings.delivery_queue_url, "ENDPOINTS_TABLE_NAME": settings.endpoints_table_name}
    names |= {"DELIVERY_DEAD_LETTER_QUEUE_URL": settings.delivery_dead_letter_queue_url}
    world.deps.settings = Settings(names | {"WEBHOOK_ENDPOINTS_SECRET_ARN": settings.webhook_endpoints_secret_arn})
    with RawServer(OK) as server:
        world.endpoints({"name": "crm", "url": server.url})
        assert world.deliver(for_endpoint("crm"))
        assert server.connections == 0
    assert [each["Body"]["endpoint"] for each in world.dead_letters()] == ["crm"]
    assert [(line["message"], line["reason"]) for line in world.log()] == [("endpoint_off", "url is not https")]


def test_the_delays_of_a_local_stack_are_its_own(world: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_RETRY_SECONDS", "1,2")
    world.endpoints({"name": "crm", "url": "http://127.0.0.1:1/"})
    for attempt in (1, 2, 3):
        world.deliver(for_endpoint("crm"), attempt=attempt)
    assert world.hidden == [1, 2, 2]


@pytest.mark.parametrize("age", [72 * 3600, 80 * 3600])
def test_after_72_hours_it_is_set_aside_with_a_line(world: Delivery, age: int) -> None:
    with RawServer(whole(b"", "500 Error")) as server:
        world.endpoints({"name": "crm", "url": server.url})
        assert not world.deliver(for_endpoint("crm"), attempt=11, age=72 * 3600 - 1)
        assert world.deliver(for_endpoint("crm"), attempt=12, age=age)
    assert [each["Body"] for each in world.dead_letters()] == [{"endpoint": "crm", "event": DETAIL}]
    line = world.log()[-1]
    expected = NAMED | {"message": "delivery_gave_up", "operation": "PostWebhook", "http_status": 500}
    assert {name: line.get(name) for name in expected} == expected


def test_a_410_switches_the_endpoint_off_and_drops_nothing_until_it_is_on_again(world: Delivery) -> None:
    switches = world.deps.endpoint_switches
    with RawServer(whole(b"", "410 Gone"), OK) as server:
        world.endpoints({"name": "crm", "url": server.url}, {"name": "other", "url": server.url})
        assert world.deliver(for_endpoint("crm"))
        assert world.deliver(for_endpoint("crm", id=f"evt_{ID[4:]}_3"))
        assert len(server.requests) == 1
        assert sorted(each["Body"]["event"]["id"][-1] for each in world.dead_letters()) == ["2", "3"]
        item = world.sandbox.client("dynamodb").scan(TableName=world.deps.settings.endpoints_table_name)["Items"]
        assert [(each["name"]["S"], each["reason"]["S"]) for each in item] == [("crm", "it responded 410")]

        assert world.deliver(for_endpoint("other"))
        switches.enable("crm")
        assert world.deliver(for_endpoint("crm"))
        assert len(server.requests) == 3
    assert [(line["message"], line["reason"]) for line in world.log()] == [
        ("endpoint_off", "it responded 410"),
        ("endpoint_off", "it is disabled"),
    ]


def test_a_switch_is_looked_up_once_in_half_a_minute_and_keeps_its_first_reason(world: Delivery) -> None:
    now = 0.0
    client, table = world.aws.client("dynamodb"), world.deps.settings.endpoints_table_name
    mine = EndpointSwitches(client, table, clock=lambda: now)
    others = EndpointSwitches(client, table, clock=lambda: now)
    assert not mine.is_disabled("crm")
    others.disable("crm", "first", world.clock())
    others.disable("crm", "second", world.clock())
    looked = len(world.aws.calls)
    now = MAX_AGE - 1
    assert (mine.is_disabled("crm"), others.is_disabled("crm"), len(world.aws.calls)) == (False, True, looked)
    now = MAX_AGE
    assert mine.is_disabled("crm")
    assert client.get_item(TableName=table, Key={"name": {"S": "crm"}})["Item"]["reason"]["S"] == "first"


def test_a_response_that_was_cut_short_does_not_say_that_an_endpoint_is_on() -> None:
    client = mock.Mock()
    client.get_item.return_value = {}
    with pytest.raises(StorageUnavailable):
        EndpointSwitches(client, "endpoints").is_disabled("crm")


def test_an_endpoint_that_is_gone_from_the_secret_has_its_messages_set_aside(world: Delivery) -> None:
    assert world.deliver(for_endpoint("crm"))
    assert [each["Body"]["endpoint"] for each in world.dead_letters()] == ["crm"]
    (line,) = world.log()
    assert (line["message"], line["endpoint"], line["reason"]) == ("endpoint_off", "crm", "it is not in the secret")


def test_what_an_endpoint_does_not_want_any_more_is_not_sent(world: Delivery) -> None:
    with RawServer(OK) as server:
        world.endpoints({"name": "crm", "url": server.url, "events": ["verification.failed"]})
        assert world.deliver(for_endpoint("crm"))
        assert server.connections == 0
    assert (world.dead_letters(), world.log()) == ([], [])


def test_a_malformed_entry_is_off_and_reported_and_its_events_wait_while_the_others_work(world: Delivery) -> None:
    with RawServer(OK) as server:
        world.endpoints({"name": "bad", "url": "canary"}, {"name": "crm", "url": server.url}, {"name": "NO"}, "canary")
        world.send(FROM_BUS)
        world.sandbox.drain_queue()
        assert len(server.requests) == 1
    assert [each["Body"]["endpoint"] for each in world.dead_letters()] == ["bad"]
    assert sorted(line["endpoint"] for line in world.log()) == ["#2", "#3", "bad"]
    assert {line["message"] for line in world.log()} <= {"endpoint_off"}


POISON = [
    "", "not json", "[]", "{}", "null", '"x"', '{"detail": {}}', '{"endpoint": "crm"}',
    json.dumps({"endpoint": "CRM", "event": DETAIL}), json.dumps({"endpoint": None, "event": DETAIL}),
    json.dumps({"detail": DETAIL | {"principal": None}}), json.dumps({"detail": DETAIL | {"data": []}}),
    json.dumps({"detail": DETAIL | {"data": {"id": "canary"}}}), json.dumps({"detail": DETAIL | {"id": "evt_1\r\nx:"}}),
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON[1:])
def test_poison_is_reported_and_not_hidden_for_longer(world: Delivery, poison: str) -> None:
    assert not world.deliver(poison)
    assert (world.hidden, world.dead_letters()) == ([], [])
    (line,) = world.log()
    assert (line["message"], line["message_id"]) == ("message_failed", "message-1")


def test_poison_ends_among_the_dead_letters_and_stops_nobody_behind_it(world: Delivery) -> None:
    sqs, url = world.sandbox.client("sqs"), world.deps.settings.delivery_queue_url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    receives = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        with RawServer(OK) as server:
            world.endpoints({"name": "crm", "url": server.url})
            world.send('{"poison": 1}')
            world.send(FROM_BUS)
            assert world.sandbox.drain_queue() == receives + 2
            assert len(server.requests) == 1
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": attributes["VisibilityTimeout"]})
    assert [each["Body"] for each in world.dead_letters()] == [{"poison": 1}]
    assert len(world.log()) == receives


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
    world: Delivery, call: str, body: str, receiver: Response
) -> None:
    with RawServer(receiver) as server:
        world.endpoints({"name": "crm", "url": server.url})
        world.aws.deny(call, "AccessDenied")
        assert not world.deliver(body)
    lines = [line for line in world.log() if line["message"] == "message_failed"]
    assert [(line["operation"], line["error_code"]) for line in lines] == [(call.partition(".")[2], "AccessDenied")]
    assert lines[0]["verification_id"] == ID
    assert (world.hidden, world.dead_letters()) == ([], [])


def test_a_retry_that_cannot_be_planned_comes_when_the_queue_shows_it_again(world: Delivery) -> None:
    world.endpoints({"name": "crm", "url": "http://127.0.0.1:1/"})
    world.aws.deny("sqs.ChangeMessageVisibility", "ReceiptHandleIsInvalid")
    assert not world.deliver(for_endpoint("crm"))
    assert [(line["message"], line["operation"]) for line in world.log()] == [
        ("retry_not_planned", "ChangeMessageVisibility"),
        ("message_failed", "PostWebhook"),
    ]


def test_a_queue_that_takes_only_some_of_an_event_gets_all_again(
    world: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Partial:
        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
            return {
                "Successful": [{"Id": Entries[0]["Id"]}],
                "Failed": [{"Id": Entries[1]["Id"], "Code": "InternalError"}],
            }

    world.endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in ("a", "b")))
    monkeypatch.setattr(world.deps.delivery_queue, "_client", Partial())
    assert not world.deliver(FROM_BUS)
    assert [(line["operation"], line["error_code"]) for line in world.log()] == [("SendMessageBatch", "InternalError")]


def test_nothing_is_said_of_the_url_the_body_the_secret_or_the_reference(world: Delivery, said: Said) -> None:
    answers = [whole(b"canary-response", status) for status in ("204 Fine", "302 Found", "500 Error", "410 Gone")]
    with RawServer(*answers) as server:
        port = str(server.port)
        world.endpoints(
            {"name": "crm", "url": f"{server.url}/canary-path?canary-query=1"}, {"name": "bad", "url": "canary-url"}
        )
        for _ in range(5):
            world.deliver(for_endpoint("crm"))
        world.deliver(for_endpoint("bad"))
        world.endpoints({"name": "crm", "url": "https://canary-host.example/canary-path"})
        world.deps.endpoint_switches.enable("crm")
        world.deliver(for_endpoint("crm"), age=73 * 3600)
        world.deliver(json.dumps({"canary-key": "canary-value"}))
    text = said.text()
    assert '"message":"webhook_delivered"' in text
    sought = ["canary", SECRET, SECRET.removeprefix("whsec_"), port]
    assert found_in(text, sought) == []
