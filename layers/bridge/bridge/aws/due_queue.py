"""The queue of verifications that are due.

A message is `{"id": "ver_…", "due_at": 1767225600}`. It is stale once the verification is due at another time.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from bridge.aws.clients import in_batches, required, translate_aws_errors

_VISIBLE_MESSAGES = "ApproximateNumberOfMessages"


class DueMessage(NamedTuple):
    """`due_at` is in epoch seconds, or None in a message from an operator. `delay` is in whole seconds, 900 at most."""

    id: str
    due_at: int | None
    delay: int = 0


class DueQueue:
    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[DueMessage]) -> dict[str, str]:
        """Sends the messages. Returns AWS's error code by verification id for each message that was not accepted."""
        failed: dict[str, str] = {}
        for batch in in_batches(messages):
            with translate_aws_errors("SendMessageBatch"):
                response = self._client.send_message_batch(
                    QueueUrl=self._url, Entries=[_entry(i, message) for i, message in enumerate(batch)]
                )
            sent = {int(entry["Id"]) for entry in response.get("Successful", [])}
            codes = {int(entry["Id"]): str(entry.get("Code")) for entry in response.get("Failed", [])}
            failed |= {each.id: codes.get(i, "NotInResponse") for i, each in enumerate(batch) if i not in sent}
        return failed

    def visible_messages(self) -> int:
        """The approximate number of messages that finalize can receive now.

        Messages in flight and delayed messages do not count, so the follow-ups of many returns do not stop the sweep.
        """
        with translate_aws_errors("GetQueueAttributes"):
            response = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[_VISIBLE_MESSAGES])
        return int(required(response, "Attributes", "GetQueueAttributes")[_VISIBLE_MESSAGES])


def parse_message(body: str) -> DueMessage:
    """The message in `body`. Raises KeyError, ValueError or TypeError if it is malformed."""
    fields = json.loads(body)
    id, due_at = fields["id"], fields.get("due_at")
    if not isinstance(id, str):
        raise TypeError("id is not a string")
    if due_at is not None and (isinstance(due_at, bool) or not isinstance(due_at, int)):
        raise TypeError("due_at is not an integer")
    return DueMessage(id, due_at)


def _entry(number: int, message: DueMessage) -> dict[str, Any]:
    body = {"id": message.id, "due_at": message.due_at}
    return {"Id": str(number), "MessageBody": json.dumps(body), "DelaySeconds": message.delay}
