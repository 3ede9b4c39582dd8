"""The calls that were recorded: by a simulation made here, and by the integration tests that ran before."""

import dataclasses
from functools import cache

from tests.calls import Call
from tests.simulation import scenarios
from tests.simulation.person import Profile
from tests.simulation.world import World

from .deployed import Stack

BUSY = Profile(reads=1.0, refreshes=1.0, redacts=0.5, never_returns=0.5, dawdles=0.3)
_POLLS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_SEEDS = ("1", "2", "3", "4")


@cache
def simulated() -> frozenset[Call]:
    """Of runs in which people do all that they can, with faults and without."""
    # What is rare (pictures that are erased late) takes some histories.
    chosen = [("1", scenarios.calm), *((seed, scenarios.harsh) for seed in _SEEDS)]
    runs = [(seed, dataclasses.replace(scenario(seed, 150), profile=BUSY)) for seed, scenario in chosen]
    return frozenset(generalized(call) for seed, each in runs for call in World(seed, each).run().calls.used)


# Of a row that cannot be read, which no simulation makes; the integration tests record it (test_roles).
NOT_SIMULATED = frozenset({Call("publish", "sqs:SendMessage", "PublishDeadLetterQueue")})


def generalized(call: Call) -> Call:
    """The same call about one object for all: ids differ in keys, and no policy names one."""
    bucket, _, key = call.resource.partition("/")
    if not call.action.startswith("s3:") or not key:
        return call
    kind = key.partition("/")[0]
    return dataclasses.replace(call, resource=f"{bucket}/{kind}/ver_1/0a")


def by_lambda(stack: Stack, function: str) -> frozenset[Call]:
    """What Lambda does in the name of a function's role: it writes the log, and polls the queues that call it.

    docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html and services-sqs-configure.html
    """
    log = f"{function.capitalize()}LogGroup/2026/01/31/[$LATEST]0a"
    calls = {Call(function, action, log) for action in ("logs:CreateLogStream", "logs:PutLogEvents")}
    for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        if mapping["FunctionName"] == f"{function.capitalize()}Function":
            calls |= {Call(function, action, _queue(stack, mapping["EventSourceArn"])) for action in _POLLS}
    return frozenset(calls)


def _queue(stack: Stack, arn: str) -> str:
    (name,) = [each for each in stack.of_type("AWS::SQS::Queue") if stack.arn(each) == arn]
    return name
