"""One permission is taken from each role in turn: the documented error, a log line, nothing lost when it is back."""

import uuid
from typing import Any

from tests.deployed.stack import WANTED, Stack, eventually
from tests.sandbox.vendor import VendorStandIn


def denied(stack: Stack, function: str, operation: str) -> list[dict[str, Any]]:
    """The log lines that say that AWS denied the operation."""
    return [
        line
        for line in stack.logs(function)
        if line.get("operation") == operation and str(line.get("error_code")).startswith("AccessDenied")
    ]


def test_without_the_keys_the_authorizer_fails_closed(stack: Stack, new_key: str) -> None:
    with stack.without("AuthorizeRole", "secretsmanager:GetSecretValue"):
        stack.start_anew("AuthorizeFunction")
        response = stack.call("GET", "/verifications?reference=none", key=new_key)
        assert response.status_code == 500
        assert denied(stack, "authorize", "GetSecretValue")

    assert stack.call("GET", "/verifications?reference=none", key=new_key).status_code == 200


def test_without_writes_a_create_is_503_and_the_same_key_creates_once(stack: Stack, vendor: VendorStandIn) -> None:
    headers = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    links = vendor.calls()["create"]
    with stack.without("VerificationsRole", "dynamodb:PutItem"):
        refused = stack.call("POST", "/verifications", json=WANTED, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        assert denied(stack, "verifications", "PutItem")

    created = stack.call("POST", "/verifications", json=WANTED, headers=headers)
    assert created.status_code == 201
    assert vendor.calls()["create"] == links + 1


def test_without_evidence_a_return_sends_on_and_is_completed_later(stack: Stack) -> None:
    created = stack.create()
    with stack.without("RedirectRole", "s3:PutObject"):
        returned = stack.open(stack.verify(created))
        assert returned.status_code == 303
        assert "status=processing" in returned.headers["Location"]
        assert denied(stack, "redirect", "PutObject")

    complete_in_the_background(stack, created)


def test_without_the_queue_a_sweep_fails_and_the_next_one_sends(stack: Stack, vendor: VendorStandIn) -> None:
    created = stack.create()
    vendor.play(created["token"], "verified")
    with stack.without("SweepRole", "sqs:SendMessage"):
        stack.make_due(created)
        stack.sweep()
        assert denied(stack, "sweep", "SendMessageBatch")
        assert stack.read(created)["status"] == "pending"

    complete_in_the_background(stack, created)


def test_without_writes_a_message_stays_and_is_worked_off_later(stack: Stack, vendor: VendorStandIn) -> None:
    created = stack.create()
    vendor.play(created["token"], "verified")
    with stack.hiding_messages_for(2):
        with stack.without("FinalizeRole", "dynamodb:UpdateItem"):
            stack.make_due(created)
            stack.sweep()
            eventually(lambda: denied(stack, "finalize", "UpdateItem"))
            assert stack.read(created)["status"] == "pending"

        eventually(lambda: stack.read(created)["status"] == "verified")


def complete_in_the_background(stack: Stack, created: dict[str, Any]) -> None:
    """As the next minutes would: a check that comes within seconds of the last one is put off."""

    def is_verified() -> bool:
        if stack.read(created)["status"] == "verified":
            return True
        stack.make_due(created)
        stack.sweep()
        return False

    eventually(is_verified, pause=2)
