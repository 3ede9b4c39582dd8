"""The queue of webhooks, and its dead letters.

A message is one of two:

    {"detail": {…}, …}                 an event, from the bus's rule, as EventBridge wraps it
    {"endpoint": "crm", "event": {…}}  the same event for one endpoint; deliver sends these to its own queue

Those for an endpoint have its name as their message group: the queue is fair between endpoints, so that one which is
slow holds up no other.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from bridge.aws.clients import in_batches, translate_aws_errors
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import Event, event_in
from bridge.domain.webhooks import is_name


class Webhook(NamedTuple):
    """An event, and the endpoint that it is for; None in a message from the bus, which is for all that want it."""

    event: Event
    endpoint: str | None = None


class DeliveryQueue:
    def __init__(self, client: Any, url: str, dead_letter_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url

    def send(self, event: Event, endpoints: Sequence[str]) -> None:
        """Sends the event once for each endpoint. Raises StorageUnavailable if the queue did not take all of them."""
        for batch in in_batches(endpoints):
            with translate_aws_errors("SendMessageBatch"):
                response = self._client.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(i), "MessageBody": _body(Webhook(event, name)), "MessageGroupId": name}
                        for i, name in enumerate(batch)
                    ],
                )
            if len(response.get("Successful", [])) < len(batch):
                codes = [str(entry.get("Code")) for entry in response.get("Failed", [])]
                raise StorageUnavailable("SendMessageBatch", codes[0] if codes else "NotInResponse")

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Makes a received message visible again in `seconds`, 12 hours at most."""
        with translate_aws_errors("ChangeMessageVisibility"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )

    def set_aside(self, webhook: Webhook) -> None:
        """Puts it among the dead letters, where it waits for an operator."""
        with translate_aws_errors("SendMessage"):
            self._client.send_message(QueueUrl=self._dead_letter_url, MessageBody=_body(webhook))

    def send_again(self, body: str) -> None:
        """Sends a dead letter as it is. One that deliver cannot read becomes a dead letter again."""
        try:
            endpoint = webhook_in(body).endpoint
        except (ValueError, KeyError, TypeError):
            endpoint = None
        group = {"MessageGroupId": endpoint} if endpoint else {}
        with translate_aws_errors("SendMessage"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, **group)


def webhook_in(body: str) -> Webhook:
    """The webhook in a message's body; KeyError, ValueError or TypeError if there is none."""
    fields = json.loads(body)
    if "endpoint" not in fields:
        return Webhook(event_in(fields["detail"]))
    if not is_name(fields["endpoint"]):
        raise ValueError("endpoint is not a name")
    return Webhook(event_in(fields["event"]), fields["endpoint"])


def _body(webhook: Webhook) -> str:
    return json.dumps({"endpoint": webhook.endpoint, "event": webhook.event.detail})
