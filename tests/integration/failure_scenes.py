"""Steps that inject a failure or call a function, and the log lines of failures."""

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias
from unittest import mock

from bridge.aws import secrets
from bridge.aws.delivery_queue import DeliveryQueue
from bridge.aws.due_queue import DueQueue
from bridge.domain.schedule import FIRST_CHECK_SECONDS
from bridge.domain.verification import Verification
from bridge.settings import Settings
from bridge.store.index_keys import reference_key
from tests.integration.deliveries import DETAIL, SECRET
from tests.integration.functions import CREATE_BODY, http_event
from tests.integration.harness import World
from tests.sandbox.access_tokens import ISSUER
from tests.sandbox.events import queue_event, queue_message

# The fields of a log line that describe the failure.
_FIELDS = {"error", "operation", "error_code", "http_status", "what", "verification_id", "message_id"}
_FIELDS |= {"endpoint", "event_id", "reason"}


@dataclass(frozen=True, slots=True)
class Scene(World):
    """A world with one verification, whose person has passed all checks of the vendor."""

    verification: Verification

    def message(self, body: str) -> None:
        self.sandbox.invoke("FinalizeFunction", queue_event("DueQueue", [queue_message(body)]))

    def deliver(self, endpoint: str, *, age: int = 0) -> None:
        """Invokes deliver with an event that was sent `age` seconds ago. The endpoint `crm` refuses connections."""
        nowhere = {"name": "crm", "url": "http://127.0.0.1:1/canary", "secrets": [SECRET]}
        listed = json.dumps({"endpoints": [nowhere, {"name": "canary "}]})
        self.put_secret(self.deps.settings.webhook_endpoints_secret_arn, listed)
        event = DETAIL | {"id": self.event_id, "data": {"id": self.verification.id, "reference": "canary"}}
        body = json.dumps({"endpoint": endpoint, "event": event} if endpoint else {"detail": event})
        queues = mock.MagicMock(**{"send_message_batch.return_value": {"Successful": ["crm"]}})
        vars(self.deps)["delivery_queue"] = DeliveryQueue(queues, "https://sqs.example/a", "https://sqs.example/b")
        message = queue_message(body, sent_at=self.clock.epoch - age)
        self.sandbox.invoke("DeliverFunction", queue_event("DeliveryQueue", [message]))

    @property
    def event_id(self) -> str:
        return f"evt_{self.verification.id[4:]}_2"

    def authorize(self, credential: str) -> None:
        event = http_event("GET", "/verifications/ver_x", headers={"authorization": f"Bearer {credential}"})
        self.sandbox.invoke("AuthorizeFunction", event)

    def put_secret(self, arn: str, text: str) -> None:
        self.sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


def failures(log: io.StringIO) -> list[dict[str, Any]]:
    """Returns the log lines above INFO, reduced to their message and the fields of the failure."""
    lines = [json.loads(line) for line in log.getvalue().replace("\0", "").splitlines()]
    return [
        {"message": line["message"]} | {name: line[name] for name in line.keys() & _FIELDS}
        for line in lines
        if line["level"] in ("WARNING", "ERROR")
    ]


Step: TypeAlias = Callable[[Scene], object]


def deny(call: str, code: str = "AccessDeniedException") -> Step:
    return lambda scene: scene.aws.deny(call, code)


def vendor(fault: str, on: Literal["create", "get"] = "get") -> Step:
    return lambda scene: scene.vendor.fault(fault, on=on, times=None)


def no_failure(scene: Scene) -> None:
    """Nothing is injected."""


def person_returns(scene: Scene) -> None:
    scene.returns(scene.verification)


def create(scene: Scene) -> None:
    scene.functions.api("POST", "/verifications", CREATE_BODY)


def api(method: str, path: str = "") -> Step:
    return lambda scene: scene.functions.api(method, f"/verifications/{scene.verification.id}{path}")


def message(scene: Scene) -> None:
    scene.message(json.dumps({"id": scene.verification.id}))


def sweep(scene: Scene) -> None:
    scene.clock.advance(FIRST_CHECK_SECONDS)
    scene.sandbox.invoke("SweepFunction", {})


def authorize(scene: Scene) -> None:
    scene.authorize(scene.sandbox.api_key)


def unexpected_error(scene: Scene) -> None:
    vars(scene.deps)["vendor"] = SimpleNamespace(fetch=mock.Mock(side_effect=KeyError("canary")))


def vendor_call_not_counted(scene: Scene) -> None:
    """DynamoDB denies the second call from now on, which counts the vendor call."""
    scene.aws.before_call(2, lambda: scene.aws.deny("dynamodb.UpdateItem"))


def rate_limit_used_up(scene: Scene) -> None:
    scene.limit_rate(5, background=60)


def queue_rejects_all(scene: Scene) -> None:
    refused = {"SenderFault": False, "Code": "InternalError", "Message": "canary"}
    full = SimpleNamespace(
        send_message_batch=lambda QueueUrl, Entries: {"Failed": [{"Id": each["Id"]} | refused for each in Entries]},
        get_queue_attributes=lambda QueueUrl, AttributeNames: {"Attributes": dict.fromkeys(AttributeNames, "0")},
    )
    vars(scene.deps)["due_queue"] = DueQueue(full, "https://sqs.example/due")


def undecided_after_refresh(scene: Scene) -> None:
    """The verification was refreshed just now and is still open; the queue rejects all messages."""
    scene.play(scene.verification, "ocr_passed")
    scene.refresh(scene.verification)
    queue_rejects_all(scene)


def provider_unreachable(scene: Scene) -> None:
    issuer = {"JWT_ISSUER": ISSUER.issuer, "JWT_AUDIENCE": ISSUER.audiences[0], "JWKS_URL": "http://127.0.0.1:1/"}
    scene.deps.settings = Settings({**os.environ, "JWT_ALGORITHMS": ",".join(ISSUER.algorithms)} | issuer)


def put_api_keys(text: str) -> Step:
    return lambda scene: scene.put_secret(scene.deps.settings.api_keys_secret_arn, text)


def after_authorized_call(inject: Step) -> Step:
    """Injects the failure after the authorizer has accepted a key. Its cached keys are stale."""

    def injected(scene: Scene) -> None:
        with mock.patch.object(secrets, "MAX_AGE", 0):
            authorize(scene)
        inject(scene)

    return injected


def person_returns_while_credentials_are_malformed(scene: Scene) -> None:
    # All tests share the vendor's secret, so it is restored.
    arn = scene.deps.settings.ekyc_credentials_secret_arn
    good = scene.sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    scene.put_secret(arn, '{"client_id": "canary",}')
    try:
        person_returns(scene)
    finally:
        scene.put_secret(arn, good)


def expected_not_erasable(scene: Scene) -> None:
    """The verification has an expected person, which DynamoDB does not delete."""
    scene.stored.set(scene.verification.id, "has_expected", True)
    scene.aws.deny("dynamodb.DeleteItem")


def row_unreadable(scene: Scene) -> None:
    """The row is as if a newer version had written it before a rollback."""
    scene.stored.set(scene.verification.id, "status", "archived")
    scene.stored.set(scene.verification.id, "reference_key", reference_key(scene.verification.principal, "order-1"))
