"""A world that hands webhook messages to the deliver function one by one."""

import json
from dataclasses import dataclass
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.integration.harness import World
from tests.integration.leaks import Output
from tests.integration.raw_server import whole
from tests.sandbox.events import queue_event, queue_message

ID = "ver_" + "a" * 26
SECRET, SECOND_SECRET = "whsec_" + "Y2FuYXJ5" * 6, "whsec_" + "c2Vjb25k" * 6
DATA = {"id": ID, "reference": "canary-reference", "status": "verified", "sequence": 2}
DETAIL = {
    "id": f"evt_{ID[4:]}_2",
    # The first 16 digits of the SHA-256 of "web".
    "owner": "4b5e57f6eb2f42b9",
    "type": "verification.verified",
    "timestamp": "2026-01-31T08:00:00.000Z",
    "data": DATA,
}
FROM_BUS = json.dumps({"version": "0", "detail-type": DETAIL["type"], "source": "ekyc-bridge", "detail": DETAIL})
LOGGED_IDS = {"endpoint": "crm", "event_id": DETAIL["id"], "verification_id": ID}
OK = whole(b"{}", "204 No Content")


def for_endpoint(name: str, **changes: Any) -> str:
    return json.dumps({"endpoint": name, "event": DETAIL | changes})


@dataclass(frozen=True, slots=True)
class Delivery(World):
    """A world that hands webhook messages to the function; `hidden` has the visibility timeouts that it set."""

    hidden: list[int]
    output: Output

    @property
    def _sqs(self) -> Any:
        return self.sandbox.client("sqs")

    def put_endpoints(self, *entries: Any) -> None:
        """Writes the endpoints to their secret; an entry without `secrets` gets SECRET."""
        listed = [{"secrets": [SECRET]} | each if isinstance(each, dict) else each for each in entries]
        self.sandbox.client("secretsmanager").put_secret_value(
            SecretId=self.deps.settings.webhook_endpoints_secret_arn, SecretString=json.dumps({"endpoints": listed})
        )
        vars(self.deps).pop("_webhook_endpoints", None)

    def send(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self.deps.settings.delivery_queue_url, MessageBody=body)

    def deliver(self, body: str, *, attempt: int = 1, age: float = 0.0) -> bool:
        """Invokes the function with one message, sent `age` seconds ago; returns whether it succeeded."""
        url = self.deps.settings.delivery_queue_url
        self._sqs.purge_queue(QueueUrl=url)
        self.send(body)
        (message,) = self._sqs.receive_message(QueueUrl=url)["Messages"]
        sent_at = self.clock.time.timestamp() - age
        received = queue_message(body, receipt=message["ReceiptHandle"], attempt=attempt, sent_at=sent_at)
        result = self.sandbox.invoke("DeliverFunction", queue_event("DeliveryQueue", [received]))
        return not result["batchItemFailures"]

    def log(self) -> list[dict[str, Any]]:
        """Returns the log lines above INFO."""
        lines = (json.loads(line) for line in self.output.text().splitlines() if line.startswith('{"level"'))
        return [line for line in lines if line["level"] in ("WARNING", "ERROR")]

    def waiting(self) -> list[dict[str, Any]]:
        """Receives the visible messages of the delivery queue."""
        return self._received(self.deps.settings.delivery_queue_url)

    def dead_letters(self) -> list[dict[str, Any]]:
        return self._received(self.deps.settings.delivery_dead_letter_queue_url)

    def _received(self, url: str) -> list[dict[str, Any]]:
        options = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
        return [
            each | {"Body": json.loads(each["Body"])}
            for each in self._sqs.receive_message(**options).get("Messages", [])
        ]


def verified_content(request: bytes, secret: str = SECRET) -> Any:
    """Returns the id and the body of a webhook request, after the public library has verified its signature."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert headers["Content-Type"] == "application/json"
    return {"id": headers["webhook-id"], **Webhook(secret).verify(body, headers)}
