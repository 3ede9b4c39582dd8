"""The one module that speaks SQS: the queue of verifications that are due.

A message is `{"id": "ver_…", "due_at": 1767225600}`. It is out of date once the verification is due at another time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.aws.clients import required, translate_aws_errors

_BATCH = 10
_WAITING = "ApproximateNumberOfMessages"


@dataclass(frozen=True, slots=True)
class DueMessage:
    """`due_at` in epoch seconds, None in a message that an operator sent; `delay` in whole seconds, 900 at most."""

    id: str
    due_at: int | None
    delay: int = 0


class DueQueue:
    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[DueMessage]) -> dict[str, str]:
        """Sends the messages. Returns the ids of those that the queue did not take, each with AWS's error code."""
        failed: dict[str, str] = {}
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            with translate_aws_errors("SendMessageBatch"):
                response = self._client.send_message_batch(
                    QueueUrl=self._url, Entries=[_entry(i, message) for i, message in enumerate(batch)]
                )
            sent = {int(entry["Id"]) for entry in response.get("Successful", [])}
            codes = {int(entry["Id"]): str(entry.get("Code")) for entry in response.get("Failed", [])}
            failed |= {each.id: codes.get(i, "NotInResponse") for i, each in enumerate(batch) if i not in sent}
        return failed

    def waiting(self) -> int:
        """How many messages wait for finalize, about. Those that it is working on do not count, nor those with a delay:
        however many people have just returned, the others' checks are sent."""
        with translate_aws_errors("GetQueueAttributes"):
            response = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[_WAITING])
        return int(required(response, "Attributes", "GetQueueAttributes")[_WAITING])


def message_in(body: str) -> DueMessage:
    """The message in `body`; KeyError, ValueError or TypeError if it is not one of ours."""
    fields = json.loads(body)
    id, due_at = fields["id"], fields.get("due_at")
    if not isinstance(id, str):
        raise TypeError("id is no string")
    if due_at is not None and (isinstance(due_at, bool) or not isinstance(due_at, int)):
        raise TypeError("due_at is no whole number")
    return DueMessage(id, due_at)


def _entry(number: int, message: DueMessage) -> dict[str, Any]:
    body = {"id": message.id, "due_at": message.due_at}
    return {"Id": str(number), "MessageBody": json.dumps(body), "DelaySeconds": message.delay}
