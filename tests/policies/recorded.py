"""The calls whose permissions are tested: recorded by a simulation, or made by Lambda for a function."""

import dataclasses
from functools import cache

from tests.calls import Call
from tests.simulation import scenarios
from tests.simulation.person import Profile
from tests.simulation.world import SimulatedWorld

from .stack import STACK_NAME, ResolvedStack

BUSY = Profile(reads=1.0, refreshes=1.0, redacts=0.5, never_returns=0.5, dawdles=0.3, expects=0.5)
_POLLS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
LIST_STREAMS = "dynamodb:ListStreams"
_READS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_SEEDS = ("1", "2", "3", "4")


@cache
def simulated() -> frozenset[Call]:
    """Returns the calls of runs in which people do everything, with faults and without."""
    # Rare calls, such as late erasure of pictures, need several seeds.
    chosen = [("1", scenarios.calm), *((seed, scenarios.harsh) for seed in _SEEDS)]
    runs = [(seed, dataclasses.replace(scenario(seed, 150), profile=BUSY)) for seed, scenario in chosen]
    return frozenset(
        generalized(call) for seed, each in runs for call in SimulatedWorld(seed, each).run().calls.iam_calls
    )


# The calls for an unreadable row and for a list by time, which the simulation does not make. test_roles.py checks that
# the integration tests record them.
NOT_SIMULATED = frozenset(
    {
        Call("publish", "sqs:SendMessage", "PublishDeadLetterQueue"),
        Call("verifications", "dynamodb:Query", "VerificationsTable/index/by_created"),
    }
)


def generalized(call: Call) -> Call:
    """Returns the call with one key for all objects, because no policy names a verification; and with the stack's name
    in place of the simulation's."""
    named = tuple((key, STACK_NAME if value == "AWS::StackName" else value) for key, value in call.context)
    call = dataclasses.replace(call, context=named)
    bucket, _, key = call.resource.partition("/")
    if not call.action.startswith("s3:") or not key:
        return call
    kind = key.partition("/")[0]
    return dataclasses.replace(call, resource=f"{bucket}/{kind}/ver_1/0a")


def by_lambda(stack: ResolvedStack, function: str) -> frozenset[Call]:
    """Returns the calls that Lambda makes with a function's role: it writes logs, and polls event sources.

    docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    log = f"{function.capitalize()}LogGroup/2026/01/31/[$LATEST]0a"
    return polls(stack, function) | {
        Call(function, action, log) for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    }


def polls(stack: ResolvedStack, function: str) -> frozenset[Call]:
    """Returns the calls that the event source mappings of a function make with its role.

    docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html for queues, for streams
    docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaDynamoDBExecutionRole.html, for what failed
    docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    calls = set()
    for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        if mapping["FunctionName"] != f"{function.capitalize()}Function":
            continue
        table, is_stream, label = mapping["EventSourceArn"].partition("/stream/")
        if is_stream:
            source = f"{_named(stack, 'AWS::DynamoDB::Table', table)}/stream/{label}"
            # ListStreams has no resource: service-authorization/latest/reference/list_amazondynamodb.html
            calls |= {Call(function, action, source) for action in _READS} | {Call(function, LIST_STREAMS, "*")}
            failed = mapping["DestinationConfig"]["OnFailure"]["Destination"]
            calls.add(Call(function, "sqs:SendMessage", _named(stack, "AWS::SQS::Queue", failed)))
        else:
            queue = _named(stack, "AWS::SQS::Queue", mapping["EventSourceArn"])
            calls |= {Call(function, action, queue) for action in _POLLS}
    return frozenset(calls)


def _named(stack: ResolvedStack, kind: str, arn: str) -> str:
    """Returns the logical id of an ARN's resource."""
    (name,) = [each for each in stack.of_type(kind) if stack.arn(each) == arn]
    return name
