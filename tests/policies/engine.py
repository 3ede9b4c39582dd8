"""Evaluates IAM requests with npm's @cloud-copilot/iam-simulate, in one Node process for all requests."""

import atexit
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
# Where `make policies` installs the engine.
FOLDER = Path(os.environ.get("POLICY_ENGINE") or _HERE.parents[1] / ".venv/policies")

Policy = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as IAM sees it.

    Attributes:
        principal: the ARN of a role's session, or a service such as events.amazonaws.com.
        account: the account that owns the resource.
        identity: the policies of the principal.
        resource_policy: the policy of the resource; None where it has none.
    """

    principal: str
    action: str
    resource: str
    account: str
    context: Mapping[str, str | list[str]]
    identity: tuple[Policy, ...] = ()
    resource_policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`denied_by` has the Sids of the statements that deny the request. It is empty for an implicit deny."""

    result: str
    denied_by: frozenset[str]

    @property
    def allowed(self) -> bool:
        return self.result == "Allowed"


def is_installed() -> bool:
    return bool(shutil.which("node")) and (FOLDER / "node_modules/@cloud-copilot/iam-simulate").is_dir()


def evaluate(requests: Sequence[Request]) -> list[Verdict]:
    """Returns a verdict for each request, in order.

    Raises:
        ValueError: the engine does not know an action, a resource or a condition key, or a policy is malformed.
    """
    policies: dict[str, Policy] = {}
    messages = [_message(each, policies) for each in requests]
    results = _call({"policies": policies, "requests": messages})
    return [_verdict(request, result) for request, result in zip(requests, results, strict=True)]


def actions_on(service: str, kind: str) -> frozenset[str]:
    """Returns the actions of a service on a type of resource, from AWS's service authorization reference."""
    return frozenset(_call({"actions": {"service": service, "kind": kind}}))


def _message(request: Request, policies: dict[str, Policy]) -> dict[str, Any]:
    def named(policy: Policy) -> str:
        name = json.dumps(policy, sort_keys=True)
        policies[name] = policy
        return name

    return {
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
        "account": request.account,
        "context": dict(request.context),
        "identity": [named(policy) for policy in request.identity],
        "resourcePolicy": None if request.resource_policy is None else named(request.resource_policy),
    }


def _verdict(request: Request, result: Mapping[str, Any]) -> Verdict:
    if result["result"] == "Error":
        raise ValueError(f"{request.action} on {request.resource}: {result['detail']}")
    return Verdict(result["result"], frozenset(result["deniedBy"]))


def _call(message: Mapping[str, Any]) -> Any:
    node = _node()
    assert node.stdin
    assert node.stdout
    node.stdin.write(json.dumps(message) + "\n")
    node.stdin.flush()
    result = node.stdout.readline()
    if not result:
        raise RuntimeError("the policy engine failed; its error is on stderr")
    return json.loads(result)


@functools.cache
def _node() -> "subprocess.Popen[str]":
    """Starts the process for all requests. Loading the engine takes longer than evaluating a hundred requests."""
    command = ["node", str(_HERE / "evaluate.cjs"), str(FOLDER)]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, node)
    return node


def _end(node: "subprocess.Popen[str]") -> None:
    """Closes the process's input, at which it ends."""
    with node:
        pass
