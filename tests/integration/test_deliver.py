"""Webhooks through the function and its queue: who is sent what, and when it is tried again."""

import time

import pytest

from tests.integration.deliveries import (
    DATA,
    DETAIL,
    FROM_BUS,
    NAMED,
    OK,
    SECOND,
    SECRET,
    Delivery,
    content,
    for_endpoint,
)
from tests.integration.raw_server import BAD_LOCATIONS, RawServer, whole


def test_an_event_reaches_each_endpoint_that_wants_it_signed_and_no_other(delivery: Delivery) -> None:
    with RawServer(OK) as crm, RawServer(OK) as wide, RawServer(OK) as other:
        delivery.endpoints(
            {"name": "crm", "url": f"{crm.url}/a?b=c", "events": ["verification.verified"], "principal": "web"},
            {"name": "wide", "url": wide.url, "secrets": [SECOND, SECRET]},
            {"name": "other-type", "url": other.url, "events": ["verification.failed"]},
            {"name": "other-principal", "url": other.url, "principal": "mobile"},
        )
        delivery.send(FROM_BUS)
        # The event, and then one message for each of the two.
        assert delivery.sandbox.drain_queue() == 3
        assert (len(crm.requests), len(wide.requests), other.connections) == (1, 1, 0)
    expected = {"id": DETAIL["id"], "type": DETAIL["type"], "timestamp": DETAIL["timestamp"], "data": DATA}
    assert crm.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert content(crm.requests[0]) == expected
    assert [content(wide.requests[0], secret) for secret in (SECRET, SECOND)] == [expected] * 2
    assert (delivery.waiting(), delivery.dead_letters(), delivery.log()) == ([], [], [])


def test_each_endpoint_is_a_message_group_of_its_own_so_that_the_queue_is_fair(delivery: Delivery) -> None:
    names = [f"endpoint-{i}" for i in range(12)]
    delivery.endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in names))
    assert delivery.deliver(FROM_BUS)
    sent = delivery.waiting() + delivery.waiting()
    assert {each["Attributes"]["MessageGroupId"]: each["Body"] for each in sent} == {
        name: {"endpoint": name, "event": DETAIL} for name in names
    }


def test_without_endpoints_an_event_is_done(delivery: Delivery) -> None:
    assert delivery.deliver(FROM_BUS)
    assert (delivery.waiting(), delivery.dead_letters(), delivery.log()) == ([], [], [])


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"])
def test_any_2xx_is_done(delivery: Delivery, status: str) -> None:
    with RawServer(whole(b"", status)) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        assert delivery.deliver(for_endpoint("crm"))
    assert (delivery.hidden, delivery.dead_letters(), delivery.log()) == ([], [], [])


@pytest.mark.parametrize(
    ("status", "attempt", "header", "hidden"),
    [
        ("301 Moved", 1, "", 5),
        ("302 Found", 1, "Location: https://elsewhere.example/\r\n", 5),
        *(("302 Found", 2, f"Location: {location}\r\n", 300) for location in BAD_LOCATIONS),
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
    delivery: Delivery, status: str, attempt: int, header: str, hidden: int
) -> None:
    with RawServer(whole(b"canary-body", status, header)) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"), attempt=attempt)
    assert (delivery.hidden, delivery.dead_letters()) == ([hidden], [])
    (line,) = delivery.log()
    expected = NAMED | {"operation": "PostWebhook", "http_status": int(status[:3]), "error": "DeliveryFailed"}
    assert {name: line.get(name) for name in expected} == expected


def test_one_that_was_tried_again_is_delivered_with_the_same_id_and_a_new_time(delivery: Delivery) -> None:
    with RawServer(whole(b"", "500 Error"), OK) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"))
        delivery.clock.advance(30)
        assert delivery.deliver(for_endpoint("crm"), attempt=2)
        first, second = server.requests
    assert content(first) == content(second)
    sent = [[line for line in each.splitlines() if b"timestamp:" in line] for each in (first, second)]
    assert sent[0] != sent[1]


def test_a_webhook_that_failed_comes_again_from_the_queue_by_itself(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_RETRY_SECONDS", "1")
    with RawServer(whole(b"", "500 Error"), OK) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        delivery.send(FROM_BUS)
        assert delivery.sandbox.drain_queue() == 2
        assert delivery.sandbox.drain_queue() == 0
        ends_at = time.monotonic() + 20
        while not delivery.sandbox.drain_queue():
            assert time.monotonic() < ends_at
            time.sleep(0.1)
        assert [content(request)["id"] for request in server.requests] == [DETAIL["id"]] * 2
    assert (delivery.hidden, delivery.waiting(), delivery.dead_letters()) == ([1], [], [])


@pytest.mark.parametrize(("url", "error"), [("", "ConnectionLost"), ("https://127.0.0.1.nip.example/", "NotResolved")])
def test_a_receiver_that_is_not_reached_is_tried_again(delivery: Delivery, url: str, error: str) -> None:
    with RawServer(lambda connection, stopping: connection.close()) as server:
        delivery.endpoints({"name": "crm", "url": url or server.url})
        assert not delivery.deliver(for_endpoint("crm"))
    (line,) = delivery.log()
    assert (line["error_code"], "http_status" in line, delivery.hidden) == (error, False, [5])


@pytest.mark.parametrize(
    ("status", "header", "age"),
    [
        ("500 Error", "", 72 * 3600),
        ("500 Error", "", 80 * 3600),
        *(("302 Found", f"Location: {location}\r\n", 72 * 3600) for location in BAD_LOCATIONS),
    ],
)
def test_after_72_hours_it_is_set_aside_with_a_line(delivery: Delivery, status: str, header: str, age: int) -> None:
    with RawServer(whole(b"", status, header)) as server:
        delivery.endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"), attempt=11, age=72 * 3600 - 1)
        assert delivery.deliver(for_endpoint("crm"), attempt=12, age=age)
    assert [each["Body"] for each in delivery.dead_letters()] == [{"endpoint": "crm", "event": DETAIL}]
    line = delivery.log()[-1]
    expected = NAMED | {"message": "delivery_gave_up", "operation": "PostWebhook", "http_status": int(status[:3])}
    assert {name: line.get(name) for name in expected} == expected
