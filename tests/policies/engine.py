"""The engine that judges requests: npm's @cloud-copilot/iam-simulate, in one Node process for all questions."""

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
    """`denied_by`: the statements that deny it, by their Sid; none where no statement allows it."""

    result: str
    denied_by: frozenset[str]

    @property
    def allowed(self) -> bool:
        return self.result == "Allowed"


def is_installed() -> bool:
    return bool(shutil.which("node")) and (FOLDER / "node_modules/@cloud-copilot/iam-simulate").is_dir()


def judge(requests: Sequence[Request]) -> list[Verdict]:
    """A verdict for each request, in order.

    Raises:
        ValueError: the engine does not know an action, a resource or a condition key, or a policy is malformed.
    """
    policies: dict[str, Policy] = {}
    questions = [_question(each, policies) for each in requests]
    answers = _ask({"policies": policies, "questions": questions})
    return [_verdict(request, answer) for request, answer in zip(requests, answers, strict=True)]


def actions_on(service: str, kind: str) -> frozenset[str]:
    """The actions of a service that are about a kind of resource, as AWS's service authorization reference has them."""
    return frozenset(_ask({"actions": {"service": service, "kind": kind}}))


def _question(request: Request, policies: dict[str, Policy]) -> dict[str, Any]:
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


def _verdict(request: Request, answer: Mapping[str, Any]) -> Verdict:
    if answer["result"] == "Error":
        raise ValueError(f"{request.action} on {request.resource}: {answer['detail']}")
    return Verdict(answer["result"], frozenset(answer["deniedBy"]))


def _ask(question: Mapping[str, Any]) -> Any:
    node = _node()
    assert node.stdin
    assert node.stdout
    node.stdin.write(json.dumps(question) + "\n")
    node.stdin.flush()
    answer = node.stdout.readline()
    if not answer:
        raise RuntimeError("the policy engine failed, and says why on stderr")
    return json.loads(answer)


@functools.cache
def _node() -> "subprocess.Popen[str]":
    """One process for all questions: loading the engine takes longer than judging a hundred requests."""
    command = ["node", str(_HERE / "judge.cjs"), str(FOLDER)]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, node)
    return node


def _end(node: "subprocess.Popen[str]") -> None:
    """It ends by itself when its questions do."""
    with node:
        pass
