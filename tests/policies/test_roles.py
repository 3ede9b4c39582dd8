"""Roles, bucket policy and key policy together, judged both ways: they allow what is called, and no more."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from tests import recording
from tests.calls import Call
from tests.simulation import scenarios, seeded_bugs
from tests.simulation.world import World

from . import deployed, recorded
from .engine import Policy, judge
from .requests import requests, trace

STACK = deployed.read()
FUNCTIONS = sorted(name.removesuffix("Role").lower() for name in STACK.template.of_type("AWS::IAM::Role"))
VIA_SERVICE = "kms:ViaService"


@cache
def _calls(function: str) -> tuple[Call, ...]:
    made = {call for call in recorded.simulated() | recorded.NOT_SIMULATED if call.function == function}
    # `about` calls nothing, and each of the others does.
    assert bool(made) is (function != "about")
    return tuple(sorted(made | recorded.by_lambda(STACK, function)))


def _denied(calls: Iterable[Call]) -> list[str]:
    asked = [request for call in calls for request in requests(STACK, call)]
    verdicts = zip(asked, judge(asked), strict=True)
    return [f"{each.action} on {each.resource}: {verdict}" for each, verdict in verdicts if not verdict.allowed]


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_call_of_the_simulation_is_allowed(function: str) -> None:
    assert _denied(_calls(function)) == []


def test_every_call_of_the_integration_tests_is_allowed(request: pytest.FixtureRequest) -> None:
    if not any(item.path.parent.name == "integration" for item in request.session.items):
        pytest.skip("no integration tests in this run, which record calls")
    made = {recorded.generalized(call) for call in recording.RECORDED}
    assert made
    assert _denied(sorted(made)) == []


def test_what_the_simulation_does_not_run_makes_the_calls_that_are_listed_for_it(
    request: pytest.FixtureRequest,
) -> None:
    if not {"test_publish.py", "test_read.py"} <= {item.path.name for item in request.session.items}:
        pytest.skip("no tests of publish and of lists in this run, which record these calls")
    assert set(recording.RECORDED) >= recorded.NOT_SIMULATED


def test_a_call_that_no_role_allows_is_found() -> None:
    with seeded_bugs.read_without_permission():
        world = World("1", scenarios.calm("1", 20)).run()
    (denied,) = _denied(call for call in world.calls.used if call.function == "finalize")
    assert denied.startswith("dynamodb:GetItem on")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_sends_traces_where_they_are_turned_on(function: str) -> None:
    actions = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
    for stack, allowed in ((deployed.read({"Tracing": "Active"}), True), (STACK, False)):
        verdicts = judge([trace(stack, function, action) for action in actions])
        assert [verdict.allowed for verdict in verdicts] == [allowed] * 2


def test_no_put_into_the_audit_trail_reads_what_it_replaces() -> None:
    put = Call("verifications", "dynamodb:PutItem", "AuditTable")
    reading = dataclasses.replace(put, context=(("dynamodb:ReturnValues", "ALL_OLD"),))
    assert _denied([put]) == []
    assert _denied([reading]) != []


def _narrowed(role: Policy) -> Iterator[tuple[str, Policy]]:
    """The role without each of its permissions in turn: an action, a resource, a service that uses the key."""
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
    """The permissions of a role without which every recorded call is still allowed."""
    narrowed = dict(_narrowed(role))
    asked = [
        (name, request) for name, each in narrowed.items() for call in _calls(function)
        for request in requests(STACK, call, each)
    ]  # fmt: skip
    verdicts = judge([request for _, request in asked])
    needed = {name for (name, _), verdict in zip(asked, verdicts, strict=True) if not verdict.allowed}
    return [name for name in narrowed if name not in needed]


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_any_one_permission_some_call_is_denied(function: str) -> None:
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
def test_a_permission_too_much_is_found(action: str, resource: str) -> None:
    role = copy.deepcopy(STACK.role("redirect"))
    name, slash, below = resource.partition("/")
    arn = STACK.arn(name) + slash + below
    role["Statement"].append({"Sid": "TooMuch", "Effect": "Allow", "Action": action, "Resource": arn})
    assert _unused("redirect", role) == [f"TooMuch: Action {action}", f"TooMuch: Resource {arn}"]


def test_no_policy_of_a_resource_is_left_out() -> None:
    """One of another type, such as a topic's, is not judged before `deployed.Stack.resource_policy` knows it."""
    types = {its["Type"] for its in STACK.template.document["Resources"].values()}
    assert {each for each in types if each.endswith("Policy")} == {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_allows_every_action_or_every_resource(function: str) -> None:
    for statement in STACK.role(function)["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in _many(statement["Action"]))
        if statement["Action"] == recorded.LIST_STREAMS:
            # It is about no resource: the statement would allow nothing with any other.
            continue
        for resource in _many(statement["Resource"]):
            # Ids are in the keys, so below a kind of object none can be named; and streams of a log have any name.
            assert "*" not in resource.removesuffix("/records/*").removesuffix("/pictures/*").removesuffix(":*")
