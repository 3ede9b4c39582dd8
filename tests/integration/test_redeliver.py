"""`make redeliver` sends dead letters again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.cli import redeliver, webhooks
from bridge.dependencies import Dependencies
from tests.integration.deliveries import DETAIL, FROM_BUS, OK, for_endpoint
from tests.integration.raw_server import RawServer
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def queues(sandbox: Sandbox, deps: Dependencies) -> tuple[str, str]:
    return deps.settings.delivery_queue_url, deps.settings.delivery_dead_letter_queue_url


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def test_dead_letters_are_delivered_once_the_cause_is_fixed(
    sandbox: Sandbox, deps: Dependencies, queues: tuple[str, str]
) -> None:
    sqs = sandbox.client("sqs")
    url, dead = queues
    for body in (for_endpoint("crm"), FROM_BUS, "poison"):
        sqs.send_message(QueueUrl=dead, MessageBody=body)
    assert redeliver.redeliver(sqs, url, in_a_minute()) == (3, 0)
    messages = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"]
    assert {each["Body"]: each["Attributes"].get("MessageGroupId") for each in messages} == {
        for_endpoint("crm"): "crm",
        FROM_BUS: None,
        "poison": None,
    }
    with RawServer(OK) as server:
        sandbox.put_endpoints([{"name": "crm", "url": server.url, "secrets": [webhooks.new_secret()]}])
        sandbox.drain_queue()
        # The event for this endpoint, and the one from the bus.
        assert len(server.requests) == 2
    assert redeliver.redeliver(sqs, url, in_a_minute()) == (0, 0)


def test_dead_letters_that_arrive_meanwhile_are_not_sent_again(
    sandbox: Sandbox, deps: Dependencies, queues: tuple[str, str]
) -> None:
    sqs = sandbox.client("sqs")
    url, dead = queues
    for number in range(12):
        sqs.send_message(QueueUrl=dead, MessageBody=for_endpoint("gone", id=f"{DETAIL['id']}{number}"))
    assert redeliver.redeliver(sqs, url, datetime.now(UTC) - timedelta(minutes=1)) == (0, 12)


def test_an_interrupted_run_loses_no_message(sandbox: Sandbox, deps: Dependencies, queues: tuple[str, str]) -> None:
    url, dead = queues
    sqs = sandbox.client("sqs")
    sqs.send_message(QueueUrl=dead, MessageBody=for_endpoint("crm"))

    class InterruptedClient:
        def __getattr__(self, name: str) -> Any:
            return getattr(sqs, name)

        def delete_message(self, **_: Any) -> None:
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        redeliver.redeliver(InterruptedClient(), url, in_a_minute())
    counts = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_the_command_prints_its_counts_and_refuses_a_queue_without_dead_letters(
    sandbox: Sandbox, deps: Dependencies, queues: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    url, dead = queues
    redeliver.main([url])
    assert capsys.readouterr().out == "0 sent again\n"
    for wrong, words in ((dead, "has no dead letters"), (f"{url}x", "run it again")):
        with pytest.raises(SystemExit, match=words):
            redeliver.main([wrong])
