"""Roles are measured: what the functions call is what their roles allow, and no more."""

import dataclasses
from collections.abc import Iterator
from functools import cache

import pytest

from tests.simulation import permissions, scenarios, stack
from tests.simulation.permissions import Permission
from tests.simulation.person import Manner
from tests.simulation.world import World

BUSY = Manner(reads=1.0, refreshes=1.0, redacts=0.5, never_returns=0.5, dawdles=0.3)
FUNCTIONS = sorted(stack.read({}).functions)

# What Lambda does in a function's name, and the simulation for it: it writes the log, and polls the queue.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
# What another service asks of the key in the caller's name, because all that rests is encrypted with it.
ENCRYPTS = {"s3:PutObject", "sqs:SendMessage"}
DECRYPTS = ENCRYPTS | {
    "dynamodb:BatchGetItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
}


@cache
def _used() -> frozenset[tuple[str, str, str]]:
    """(function, action, resource) of runs in which people do all that they can, with faults and without."""
    # What is rare (pictures that are erased late) takes some histories.
    chosen = [("1", scenarios.calm), *((seed, scenarios.harsh) for seed in ("1", "2", "3", "4"))]
    runs = [(seed, dataclasses.replace(scenario(seed, 150), manner=BUSY)) for seed, scenario in chosen]
    used = {call for seed, each in runs for call in World(seed, each).run().outward.used}
    # "about" asks for nothing, and nobody asks "about" in the simulation.
    assert {function for function, _, _ in used} == set(FUNCTIONS) - {"about"}
    return frozenset(used)


def _calls(function: str) -> set[tuple[str, str]]:
    return {(action, resource) for name, action, resource in _used() if name == function}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_call_that_was_made_is_allowed(function: str) -> None:
    allowed = permissions.of(function)
    refused = [call for call in _calls(function) if not any(each.covers(*call) for each in allowed)]
    assert refused == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_everything_that_is_allowed_was_used(function: str) -> None:
    assert list(_superfluous(function, permissions.of(function))) == []


def _superfluous(function: str, allowed: list[Permission]) -> Iterator[Permission]:
    calls = _calls(function)
    actions = {action for action, _ in calls} | {each.action for each in allowed if each.action in BY_LAMBDA}
    for each in allowed:
        if each.action.startswith("kms:"):
            because = ENCRYPTS if each.action == "kms:GenerateDataKey" else DECRYPTS
            is_used = bool(actions & because) and each.resource == "DataKey"
        elif each.action in BY_LAMBDA:
            is_used = each.resource in (f"{function.capitalize()}LogGroup", "DueQueue")
        else:
            is_used = any(each.covers(*call) for call in calls)
        if not is_used:
            yield each


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_key_is_there_for_what_is_encrypted_with_it(function: str) -> None:
    allowed = {each.action for each in permissions.of(function)}
    assert ("kms:GenerateDataKey" in allowed) is bool(allowed & ENCRYPTS)
    assert ("kms:Decrypt" in allowed) is bool(allowed & DECRYPTS)


@pytest.mark.parametrize(
    "extra",
    [
        Permission("redirect", "dynamodb:DeleteItem", "VerificationsTable"),
        Permission("redirect", "dynamodb:GetItem", "AnotherTable"),
        Permission("redirect", "s3:PutObject", "EvidenceBucket/pictures/*"),
        Permission("redirect", "kms:Encrypt", "AnotherKey"),
        Permission("redirect", "sqs:ReceiveMessage", "DueDeadLetterQueue"),
    ],
)
def test_what_is_too_much_is_found(extra: Permission) -> None:
    assert list(_superfluous("redirect", [*permissions.of("redirect"), extra])) == [extra]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_allowed_on_everything(function: str) -> None:
    for each in permissions.of(function):
        assert "*" not in each.action
        name, _, below = each.resource.partition("/")
        assert name in stack.template()["Resources"]
        # Ids are in the keys, so below a kind of object none can be named.
        assert below in ("", "index/due", "index/by_reference", "records/*", "pictures/*")
