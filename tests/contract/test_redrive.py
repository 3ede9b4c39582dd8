"""A message that finalize cannot process becomes a dead letter, and can be moved back."""

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
import requests

from bridge.domain.errors import StorageUnavailable
from tests.sandbox.sandbox import Sandbox

REQUEST = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": "http://localhost:5173/"}


class Queues:
    """The due queue and its dead letters. A received message that is not deleted is visible again at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sqs = sandbox.client("sqs")
        self._url = sandbox.stack.resources["DueQueue"]
        self._dead_url = sandbox.stack.resources["DueDeadLetterQueue"]
        attributes = self._attributes(self._url)
        self._visibility = attributes["VisibilityTimeout"]
        self.receives: int = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]

    def set_visibility_timeout(self, seconds: str | None = None) -> None:
        """Sets the visibility timeout to `seconds`, or to that of the template."""
        attributes = {"VisibilityTimeout": seconds or self._visibility}
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes=attributes)

    def send(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)

    def counts(self) -> tuple[int, int]:
        """Returns the numbers of messages in the queue and in the dead-letter queue."""
        return self._count(self._url), self._count(self._dead_url)

    def move_back(self) -> None:
        """Moves dead letters back to the queue, as StartMessageMoveTask does, which the embedded AWS lacks."""
        for message in self._sqs.receive_message(QueueUrl=self._dead_url, MaxNumberOfMessages=10)["Messages"]:
            self.send(message["Body"])
            self._sqs.delete_message(QueueUrl=self._dead_url, ReceiptHandle=message["ReceiptHandle"])

    def _count(self, url: str) -> int:
        found = self._attributes(url)
        return sum(int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible"))

    def _attributes(self, url: str) -> Any:
        return self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


@pytest.fixture
def queues(sandbox: Sandbox) -> Iterator[Queues]:
    queues = Queues(sandbox)
    queues.set_visibility_timeout("0")
    yield queues
    queues.set_visibility_timeout()


def call(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    response = requests.request(method, sandbox.api_url + path, json=body, headers=headers, timeout=20)
    response.raise_for_status()
    return response.json()


def test_a_message_that_always_fails_becomes_a_dead_letter(sandbox: Sandbox, queues: Queues) -> None:
    queues.send('{"id": 1}')
    assert sandbox.drain_queue() == queues.receives
    assert queues.counts() == (0, 1)
    assert sandbox.drain_queue() == 0


def test_a_failing_message_does_not_block_others(sandbox: Sandbox, queues: Queues) -> None:
    created = call(sandbox, "POST", "/verifications", REQUEST)
    sandbox.vendor.play(created["token"], "verified")
    queues.send("not JSON")
    queues.send(json.dumps({"id": created["id"]}))
    sandbox.drain_queue()
    assert queues.counts() == (0, 1)
    assert call(sandbox, "GET", f"/verifications/{created['id']}")["status"] == "verified"


def test_a_message_moved_back_after_the_cause_is_fixed_is_processed(sandbox: Sandbox, queues: Queues) -> None:
    created = call(sandbox, "POST", "/verifications", REQUEST)
    sandbox.vendor.play(created["token"], "verified")
    with mock.patch(
        "bridge.use_cases.finalize.check_on_schedule", side_effect=StorageUnavailable("UpdateItem", "AccessDenied")
    ):
        queues.send(json.dumps({"id": created["id"]}))
        sandbox.drain_queue()
    assert queues.counts() == (0, 1)

    queues.move_back()

    assert sandbox.drain_queue() == 1
    assert queues.counts() == (0, 0)
    verified = call(sandbox, "GET", f"/verifications/{created['id']}")
    assert (verified["status"], verified["sequence"]) == ("verified", 2)
