"""Webhooks for endpoints that are disabled, removed, malformed or not allowed."""

from unittest import mock

import pytest

from bridge.domain.errors import StorageUnavailable
from bridge.settings import Settings
from bridge.store.endpoints import MAX_AGE, EndpointSwitches
from tests.integration.deliveries import FROM_BUS, ID, OK, Delivery, for_endpoint
from tests.integration.raw_server import RawServer, whole


def test_loopback_is_no_endpoint_without_the_setting_of_local_stacks(delivery: Delivery) -> None:
    settings = delivery.deps.settings
    names = {"DELIVERY_QUEUE_URL": settings.delivery_queue_url, "ENDPOINTS_TABLE_NAME": settings.endpoints_table_name}
    names |= {"DELIVERY_DEAD_LETTER_QUEUE_URL": settings.delivery_dead_letter_queue_url}
    delivery.deps.settings = Settings(names | {"WEBHOOK_ENDPOINTS_SECRET_ARN": settings.webhook_endpoints_secret_arn})
    with RawServer(OK) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url})
        assert delivery.deliver(for_endpoint("crm"))
        assert server.connections == 0
    assert [each["Body"]["endpoint"] for each in delivery.dead_letters()] == ["crm"]
    assert [(line["message"], line["reason"]) for line in delivery.log()] == [("endpoint_off", "url is not https")]


def test_a_local_stack_has_its_own_retry_delays(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_RETRY_SECONDS", "1,2")
    delivery.put_endpoints({"name": "crm", "url": "http://127.0.0.1:1/"})
    for attempt in (1, 2, 3):
        delivery.deliver(for_endpoint("crm"), attempt=attempt)
    assert delivery.hidden == [1, 2, 2]


def test_a_410_disables_the_endpoint_and_its_messages_are_set_aside(delivery: Delivery) -> None:
    switches = delivery.deps.endpoint_switches
    with RawServer(whole(b"", "410 Gone"), OK) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url}, {"name": "other", "url": server.url})
        assert delivery.deliver(for_endpoint("crm"))
        assert delivery.deliver(for_endpoint("crm", id=f"evt_{ID[4:]}_3"))
        assert len(server.requests) == 1
        assert sorted(each["Body"]["event"]["id"][-1] for each in delivery.dead_letters()) == ["2", "3"]
        item = delivery.sandbox.client("dynamodb").scan(TableName=delivery.deps.settings.endpoints_table_name)["Items"]
        assert [(each["name"]["S"], each["reason"]["S"]) for each in item] == [("crm", "it responded 410")]

        assert delivery.deliver(for_endpoint("other"))
        switches.enable("crm")
        assert delivery.deliver(for_endpoint("crm"))
        assert len(server.requests) == 3
    assert [(line["message"], line["reason"]) for line in delivery.log()] == [
        ("endpoint_off", "it responded 410"),
        ("endpoint_off", "it is disabled"),
    ]


def test_a_switch_is_cached_for_30_s_and_keeps_its_first_reason(delivery: Delivery) -> None:
    now = 0.0
    client, table = delivery.aws.client("dynamodb"), delivery.deps.settings.endpoints_table_name
    mine = EndpointSwitches(client, table, clock=lambda: now)
    others = EndpointSwitches(client, table, clock=lambda: now)
    assert not mine.is_disabled("crm")
    others.disable("crm", "first", delivery.clock())
    others.disable("crm", "second", delivery.clock())
    looked = len(delivery.aws.calls)
    now = MAX_AGE - 1
    assert (mine.is_disabled("crm"), others.is_disabled("crm"), len(delivery.aws.calls)) == (False, True, looked)
    now = MAX_AGE
    assert mine.is_disabled("crm")
    assert client.get_item(TableName=table, Key={"name": {"S": "crm"}})["Item"]["reason"]["S"] == "first"


def test_an_incomplete_response_does_not_mean_enabled() -> None:
    client = mock.Mock()
    client.get_item.return_value = {}
    with pytest.raises(StorageUnavailable):
        EndpointSwitches(client, "endpoints").is_disabled("crm")


def test_messages_of_a_removed_endpoint_are_set_aside(delivery: Delivery) -> None:
    assert delivery.deliver(for_endpoint("crm"))
    assert [each["Body"]["endpoint"] for each in delivery.dead_letters()] == ["crm"]
    (line,) = delivery.log()
    assert (line["message"], line["endpoint"], line["reason"]) == ("endpoint_off", "crm", "it is not in the secret")


def test_an_event_that_an_endpoint_no_longer_wants_is_not_sent(delivery: Delivery) -> None:
    with RawServer(OK) as server:
        delivery.put_endpoints({"name": "crm", "url": server.url, "events": ["verification.failed"]})
        assert delivery.deliver(for_endpoint("crm"))
        assert server.connections == 0
    assert (delivery.dead_letters(), delivery.log()) == ([], [])


def test_a_malformed_entry_is_disabled_and_does_not_affect_other_endpoints(delivery: Delivery) -> None:
    with RawServer(OK) as server:
        delivery.put_endpoints(
            {"name": "bad", "url": "canary"}, {"name": "crm", "url": server.url}, {"name": "NO"}, "canary"
        )
        delivery.send(FROM_BUS)
        delivery.sandbox.drain_queue()
        assert len(server.requests) == 1
    assert [each["Body"]["endpoint"] for each in delivery.dead_letters()] == ["bad"]
    assert sorted(line["endpoint"] for line in delivery.log()) == ["#2", "#3", "bad"]
    assert {line["message"] for line in delivery.log()} <= {"endpoint_off"}
