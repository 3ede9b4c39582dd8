"""Tests that roles, bucket policy and key policy together allow exactly the calls that functions make."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from tests import recording
from tests.calls import Call
from tests.simulation import scenarios, seeded_bugs
from tests.simulation.world import SimulatedWorld

from . import recorded
from .engine import Policy, evaluate
from .requests import requests, trace
from .stack import read

STACK = read()
FUNCTIONS = sorted(name.removesuffix("Role").lower() for name in STACK.template.of_type("AWS::IAM::Role"))
VIA_SERVICE = "kms:ViaService"


@cache
def _calls(function: str) -> tuple[Call, ...]:
    made = {call for call in recorded.simulated() | recorded.NOT_SIMULATED if call.function == function}
    # `about` is the only function without calls.
    assert bool(made) is (function != "about")
    return tuple(sorted(made | recorded.by_lambda(STACK, function)))


def _denied(calls: Iterable[Call]) -> list[str]:
    all_requests = [request for call in calls for request in requests(STACK, call)]
    verdicts = zip(all_requests, evaluate(all_requests), strict=True)
    return [f"{each.action} on {each.resource}: {verdict}" for each, verdict in verdicts if not verdict.allowed]


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_calls_of_the_simulation_are_allowed(function: str) -> None:
    assert _denied(_calls(function)) == []


def test_all_calls_of_the_integration_tests_are_allowed(request: pytest.FixtureRequest) -> None:
    if not any(item.path.parent.name == "integration" for item in request.session.items):
        pytest.skip("this run has no integration tests, which record calls")
    made = {recorded.generalized(call) for call in recording.RECORDED}
    assert made
    assert _denied(sorted(made)) == []


def test_integration_tests_make_the_calls_that_the_simulation_does_not(request: pytest.FixtureRequest) -> None:
    if not {"test_publish.py", "test_read.py"} <= {item.path.name for item in request.session.items}:
        pytest.skip("this run has no tests of publish and of lists, which record these calls")
    assert set(recording.RECORDED) >= recorded.NOT_SIMULATED


def test_call_without_a_permission_is_found() -> None:
    with seeded_bugs.read_without_permission():
        world = SimulatedWorld("1", scenarios.calm("1", 20)).run()
    (denied,) = _denied(call for call in world.calls.iam_calls if call.function == "finalize")
    assert denied.startswith("dynamodb:GetItem on")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_role_sends_traces_only_if_tracing_is_active(function: str) -> None:
    actions = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
    for stack, allowed in ((read({"Tracing": "Active"}), True), (STACK, False)):
        verdicts = evaluate([trace(stack, function, action) for action in actions])
        assert [verdict.allowed for verdict in verdicts] == [allowed] * 2


def test_put_into_the_audit_trail_may_not_return_the_old_item() -> None:
    put = Call("verifications", "dynamodb:PutItem", "AuditTable")
    reading = dataclasses.replace(put, context=(("dynamodb:ReturnValues", "ALL_OLD"),))
    assert _denied([put]) == []
    assert _denied([reading]) != []


def _narrowed(role: Policy) -> Iterator[tuple[str, Policy]]:
    """Yields the role without one permission at a time: an action, a resource, or a service that uses the key."""
    for number, statement in enumerate(role["Statement"]):
        places: list[tuple[str, list[str]]] = [(key, _many(statement[key])) for key in ("Action", "Resource")]
        services = statement.get("Condition", {}).get("StringEquals", {}).get(VIA_SERVICE)
        if services:
            places.append((VIA_SERVICE, _many(services)))
        for key, values in places:
            for value in values:
                without = copy.deepcopy(role)
                _put(without["Statement"], number, key, [each for each in values if each != value])
                yield f"{statement['Sid']}: {key} {value}", without


def _put(statements: list[dict[str, Any]], number: int, key: str, values: list[str]) -> None:
    if not values:
        del statements[number]
    elif key == VIA_SERVICE:
        statements[number]["Condition"]["StringEquals"][key] = values
    else:
        statements[number][key] = values


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _unused(function: str, role: Policy) -> list[str]:
    """Returns the permissions of a role that no recorded call needs."""
    narrowed = dict(_narrowed(role))
    all_requests = [
        (name, request)
        for name, each in narrowed.items()
        for call in _calls(function)
        for request in requests(STACK, call, each)
    ]
    verdicts = evaluate([request for _, request in all_requests])
    needed = {name for (name, _), verdict in zip(all_requests, verdicts, strict=True) if not verdict.allowed}
    return [name for name in narrowed if name not in needed]


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_permission_is_unused(function: str) -> None:
    assert _unused(function, STACK.role(function)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:DeleteItem", "VerificationsTable"),
        ("dynamodb:GetItem", "AuditTable"),
        ("s3:GetObject", "EvidenceBucket/records/*"),
        ("kms:Encrypt", "DataKey"),
        ("sqs:ReceiveMessage", "DueDeadLetterQueue"),
    ],
)
def test_unused_permission_is_found(action: str, resource: str) -> None:
    role = copy.deepcopy(STACK.role("redirect"))
    name, slash, below = resource.partition("/")
    arn = STACK.arn(name) + slash + below
    role["Statement"].append({"Sid": "TooMuch", "Effect": "Allow", "Action": action, "Resource": arn})
    assert _unused("redirect", role) == [f"TooMuch: Action {action}", f"TooMuch: Resource {arn}"]


def test_all_types_of_resource_policies_are_evaluated() -> None:
    """`ResolvedStack.resource_policy` supports these types only."""
    types = {its["Type"] for its in STACK.template.document["Resources"].values()}
    assert {each for each in types if each.endswith("Policy")} == {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_allows_every_action_or_every_resource(function: str) -> None:
    for statement in STACK.role(function)["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in _many(statement["Action"]))
        if statement["Action"] == recorded.LIST_STREAMS:
            # ListStreams has no resource, so its statement allows nothing with another one.
            continue
        for resource in _many(statement["Resource"]):
            # No policy can name keys of objects, which contain ids, or streams of a log, which have any name.
            assert "*" not in resource.removesuffix("/records/*").removesuffix("/pictures/*").removesuffix(":*")
