"""Removes permissions from the deployed roles, checks what a function logs without them, and restores them."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.deployed.stack import NAME, DeployedStack, eventually
from tests.integration.alarms import emitted
from tests.sandbox.vendor import FakeVendor


@dataclass(frozen=True, slots=True)
class Permission:
    """An action that a statement of a role's inline policies allows."""

    role: str
    sid: str
    action: str

    @property
    def log_group(self) -> str:
        """The last part of the name of the function's log group."""
        return self.role.removesuffix("Role").lower()


@dataclass(slots=True)
class Denial:
    """The log line of the function's failure. It is set at the end of the block."""

    line: dict[str, Any]

    @property
    def verification_id(self) -> str | None:
        return self.line.get("verification_id")


def permissions(stack: DeployedStack, role: str) -> set[Permission]:
    """Returns the permissions of a deployed role."""
    return {
        Permission(role, statement["Sid"], action)
        for _, document in _policies(stack, role)
        for statement in document["Statement"]
        for action in _actions(statement)
    }


@contextmanager
def without(stack: DeployedStack, *permissions: Permission) -> Iterator[None]:
    """Inside, the roles lack the permissions."""
    with ExitStack() as restored:
        for permission in permissions:
            restored.enter_context(_without(stack, permission))
        yield


@contextmanager
def denied(stack: DeployedStack, permission: Permission, operation: str, about: str | None = None) -> Iterator[Denial]:
    """Inside, the role lacks the permission. At the end, asserts that since the beginning the function has logged the
    AWS operation with its error code, and has counted the failure.

    `about` is the verification in the line, where checks of other verifications may fail meanwhile."""
    denial, since = Denial({}), time.time()

    def lines() -> list[dict[str, Any]]:
        found = stack.logs(permission.log_group, since=since)
        return [line for line in found if _is_denial(line, operation) and about in (None, line.get("verification_id"))]

    def is_counted() -> bool:
        found = stack.logs(permission.log_group, since=since)
        metrics = [metric for line in found for metric in emitted(json.dumps(line))]
        return any((metric.namespace, metric.name) == (NAME, "StorageFault") for metric in metrics)

    with _without(stack, permission):
        yield denial
        denial.line = eventually(lines, why=lambda: stack.logs(permission.log_group, since=since))[0]
        assert eventually(is_counted)


def assert_unavailable(response: requests.Response) -> None:
    """Asserts the documented response for a fault of AWS."""
    assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable"), response.text
    assert response.headers["Retry-After"]


def verified(stack: DeployedStack, vendor: FakeVendor) -> dict[str, Any]:
    """Creates a verification with its own reference, and completes it with a result."""
    created = stack.create(reference=f"order-{uuid.uuid4()}")
    vendor.play(created["token"], "verified")
    assert stack.call("POST", f"/verifications/{created['id']}/refresh").json()["status"] == "verified"
    return created


def _is_denial(line: dict[str, Any], operation: str) -> bool:
    return line.get("operation") == operation and str(line.get("error_code")).startswith("AccessDenied")


@contextmanager
def _without(stack: DeployedStack, permission: Permission) -> Iterator[None]:
    iam, role = stack.client("iam"), stack.resource(permission.role)
    changed = (
        (name, document, {**document, "Statement": statements})
        for name, document in _policies(stack, permission.role)
        if (statements := _statements_without(document, permission)) != document["Statement"]
    )
    name, document, less = next(changed)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _statements_without(document: dict[str, Any], permission: Permission) -> list[dict[str, Any]]:
    kept = []
    for statement in document["Statement"]:
        actions = _actions(statement)
        if statement["Sid"] == permission.sid:
            actions = [action for action in actions if action != permission.action]
        if actions:
            kept.append(statement if actions == _actions(statement) else {**statement, "Action": actions})
    return kept


def _policies(stack: DeployedStack, role: str) -> list[tuple[str, dict[str, Any]]]:
    iam, name = stack.client("iam"), stack.resource(role)
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return [(each, iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]) for each in policies]


def _actions(statement: dict[str, Any]) -> list[str]:
    return statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
