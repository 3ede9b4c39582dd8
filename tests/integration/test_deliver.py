"""Delivery of webhooks through the function and its queue: which endpoints get an event, and when it is retried."""

import time

import pytest

from tests.integration.deliveries import (
    DATA,
    DETAIL,
    FROM_BUS,
    LOGGED_IDS,
    OK,
    SECOND_SECRET,
    SECRET,
    Delivery,
    for_endpoint,
    verified_content,
)
from tests.integration.raw_server import BAD_LOCATIONS, RawServer, whole


def test_only_matching_endpoints_get_the_signed_event(delivery: Delivery) -> None:
    with RawServer(OK) as crm, RawServer(OK) as wide, RawServer(OK) as other:
        delivery.put_endpoints(
            {"name": "crm", "url": f"{crm.url}/a?b=c", "events": ["verification.verified"], "principal": "web"},
            {"name": "wide", "url": wide.url, "secrets": [SECOND_SECRET, SECRET]},
            {"name": "other-type", "url": other.url, "events": ["verification.failed"]},
            {"name": "other-principal", "url": other.url, "principal": "mobile"},
        )
        delivery.send(FROM_BUS)
        # The event, and one message for each of the two endpoints.
        assert delivery.sandbox.drain_queue() == 3
        assert (len(crm.requests), len(wide.requests), other.connections) == (1, 1, 0)
    expected = {"id": DETAIL["id"], "type": DETAIL["type"], "timestamp": DETAIL["timestamp"], "data": DATA}
    assert crm.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert verified_content(crm.requests[0]) == expected
    assert [verified_content(wide.requests[0], secret) for secret in (SECRET, SECOND_SECRET)] == [expected] * 2
    assert (delivery.waiting(), delivery.dead_letters(), delivery.log()) == ([], [], [])


def test_each_endpoint_has_its_own_message_group(delivery: Delivery) -> None:
    names = [f"endpoint-{i}" for i in range(12)]
    delivery.put_endpoints(*({"name": name, "url": "http://127.0.0.1:1/"} for name in names))
    assert delivery.deliver(FROM_BUS)
    sent = delivery.waiting() + delivery.waiting()
    assert {each["Attributes"]["MessageGroupId"]: each["Body"] for each in sent} == {
        name: {"endpoint": name, "event": DETAIL} for name in names
    }


def test_without_endpoints_an_event_succeeds(delivery: Delivery) -> None:
    assert delivery.deliver(FROM_BUS)
    assert (delivery.waiting(), delivery.dead_letters(), delivery.log()) == ([], [], [])


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"])
def test_any_2xx_completes_the_delivery(delivery: Delivery, status: str) -> None:
    with RawServer(whole(b"", status)) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
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
def test_any_other_status_is_retried_by_the_schedule(
    delivery: Delivery, status: str, attempt: int, header: str, hidden: int
) -> None:
    with RawServer(whole(b"canary-body", status, header)) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"), attempt=attempt)
    assert (delivery.hidden, delivery.dead_letters()) == ([hidden], [])
    (line,) = delivery.log()
    expected = LOGGED_IDS | {"operation": "PostWebhook", "http_status": int(status[:3]), "error": "DeliveryFailed"}
    assert {name: line.get(name) for name in expected} == expected


def test_a_retry_has_the_same_id_and_a_new_timestamp(delivery: Delivery) -> None:
    with RawServer(whole(b"", "500 Error"), OK) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"))
        delivery.clock.advance(30)
        assert delivery.deliver(for_endpoint("crm"), attempt=2)
        first, second = server.requests
    assert verified_content(first) == verified_content(second)
    sent = [[line for line in each.splitlines() if b"timestamp:" in line] for each in (first, second)]
    assert sent[0] != sent[1]


def test_the_queue_redelivers_a_failed_webhook(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_RETRY_SECONDS", "1")
    with RawServer(whole(b"", "500 Error"), OK) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        delivery.send(FROM_BUS)
        assert delivery.sandbox.drain_queue() == 2
        assert delivery.sandbox.drain_queue() == 0
        ends_at = time.monotonic() + 20
        while not delivery.sandbox.drain_queue():
            assert time.monotonic() < ends_at
            time.sleep(0.1)
        assert [verified_content(request)["id"] for request in server.requests] == [DETAIL["id"]] * 2
    assert (delivery.hidden, delivery.waiting(), delivery.dead_letters()) == ([1], [], [])


@pytest.mark.parametrize(("url", "error"), [("", "ConnectionLost"), ("https://127.0.0.1.nip.example/", "NotResolved")])
def test_an_unreachable_receiver_is_retried(delivery: Delivery, url: str, error: str) -> None:
    with RawServer(lambda connection, stopping: connection.close()) as server:
        delivery.put_endpoints({"name": "crm", "url": url or server.url})
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
def test_after_72_hours_a_webhook_becomes_a_dead_letter_and_is_logged(
    delivery: Delivery, status: str, header: str, age: int
) -> None:
    with RawServer(whole(b"", status, header)) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        assert not delivery.deliver(for_endpoint("crm"), attempt=11, age=72 * 3600 - 1)
        assert delivery.deliver(for_endpoint("crm"), attempt=12, age=age)
    assert [each["Body"] for each in delivery.dead_letters()] == [{"endpoint": "crm", "event": DETAIL}]
    line = delivery.log()[-1]
    expected = LOGGED_IDS | {"message": "delivery_gave_up", "operation": "PostWebhook", "http_status": int(status[:3])}
    assert {name: line.get(name) for name in expected} == expected
