"""Removes one permission at a time: the response is the documented error, and nothing is lost once it is restored.

These permissions are those of requests; test_background_permissions.py and test_event_permissions.py have the others.
`denied` checks the log line and the metric.
"""

import uuid
from typing import Any

import pytest

from tests.deployed.permission_cases import CREATES, READ_KEYS, RELEASE, REQUESTS, TESTED, is_enforced
from tests.deployed.permissions import Permission, assert_unavailable, denied, permissions, verified, without
from tests.deployed.receiver import CRM, TlsReceiver
from tests.deployed.stack import BODY, DeployedStack, eventually
from tests.sandbox import template
from tests.sandbox.vendor import FakeVendor


def test_every_enforced_permission_has_a_test(stack: DeployedStack) -> None:
    deployed = {each for role in template.read().of_type("AWS::IAM::Role") for each in permissions(stack, role)}

    assert {permission for permission in deployed if is_enforced(permission)} == TESTED


@pytest.mark.usefixtures("endpoints")
def test_permissions_without_a_test_are_not_enforced(
    stack: DeployedStack, vendor: FakeVendor, receiver: TlsReceiver
) -> None:
    """If this fails because a newer emulator enforces one of them, add that one to permission_cases.py."""
    created = stack.create()
    vendor.play(created["token"], "verified")
    functions = ("Sweep", "Finalize", "Publish", "Deliver")
    deployed = {each for function in functions for each in permissions(stack, f"{function}Role")}
    with without(stack, *[permission for permission in deployed if not is_enforced(permission)]):
        for function in functions:
            stack.force_cold_start(f"{function}Function")
        stack.make_due(created)
        stack.sweep()
        eventually(lambda: stack.read(created)["status"] == "verified")
        eventually(lambda: [line for line in stack.logs("finalize") if line.get("verification_id") == created["id"]])
        eventually(lambda: receiver.accepted(created["id"], CRM))


def test_authorizer_without_the_keys_fails_closed(stack: DeployedStack, new_key: str) -> None:
    with denied(stack, READ_KEYS, "GetSecretValue"):
        stack.force_cold_start("AuthorizeFunction")
        assert stack.call("GET", "/verifications?reference=none", key=new_key).status_code == 500

    assert stack.call("GET", "/verifications?reference=none", key=new_key).status_code == 200


@pytest.mark.parametrize("permission", REQUESTS, ids=lambda each: f"{each.sid}-{each.action}")
def test_request_without_its_permission_is_503_until_restored(
    permission: Permission, stack: DeployedStack, vendor: FakeVendor
) -> None:
    operation, request = REQUESTS[permission]
    is_open = request.endswith("/refresh")
    target = stack.create(reference=f"order-{uuid.uuid4()}") if is_open else verified(stack, vendor)
    if is_open:
        vendor.play(target["token"], "verified")
    method, path = request.format(**target).split(" ")

    with denied(stack, permission, operation) as denial:
        assert_unavailable(stack.call(method, path))

    assert denial.verification_id == (target["id"] if "{id}" in request else None)
    served = stack.call(method, path)
    assert served.status_code == 200
    found = served.json()
    assert [each["id"] for each in found.get("data", [found])] == [target["id"]]
    assert found.get("result", True)
    assert stack.read(target)["status"] == "verified"


@pytest.mark.parametrize("permission", CREATES, ids=lambda each: each.action)
def test_create_without_a_permission_is_503_and_a_retry_creates_once(
    permission: Permission, stack: DeployedStack, vendor: FakeVendor
) -> None:
    headers = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    links = vendor.calls()["create"]
    with denied(stack, permission, CREATES[permission]) as denial:
        # Cold: no credentials are cached.
        stack.force_cold_start("VerificationsFunction")
        assert_unavailable(stack.call("POST", "/verifications", json=BODY, headers=headers))

    def create() -> dict[str, Any] | None:
        response = stack.call("POST", "/verifications", json=BODY, headers=headers)
        return response.json() if response.status_code == 201 else None

    # After a failure, a process reads a secret again after two seconds.
    created = eventually(create)
    assert created is not None
    assert created["id"] == denial.verification_id
    assert vendor.calls()["create"] == links + 1


def test_unreleased_reservation_is_taken_over_after_its_lease(stack: DeployedStack, vendor: FakeVendor) -> None:
    headers = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    vendor.fault("422", on="create", times=1)
    with denied(stack, RELEASE, "DeleteItem") as denial:
        refused = stack.call("POST", "/verifications", json=BODY, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (502, "vendor_rejected")

    assert stack.call("POST", "/verifications", json=BODY, headers=headers).json()["code"] == "still_running"
    stack.overwrite({"id": str(denial.verification_id)}, lease_until={"N": "1"})
    created = stack.call("POST", "/verifications", json=BODY, headers=headers)
    assert (created.status_code, created.json()["id"]) == (201, denial.verification_id)
