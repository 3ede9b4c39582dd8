"""The calls that were recorded: by a simulation made here, and by the integration tests that ran before."""

import dataclasses
from functools import cache

from tests.calls import Call
from tests.simulation import scenarios
from tests.simulation.person import Profile
from tests.simulation.world import World

from .deployed import STACK, Stack

BUSY = Profile(reads=1.0, refreshes=1.0, redacts=0.5, never_returns=0.5, dawdles=0.3, expects=0.5)
_POLLS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
LIST_STREAMS = "dynamodb:ListStreams"
_READS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_SEEDS = ("1", "2", "3", "4")


@cache
def simulated() -> frozenset[Call]:
    """Of runs in which people do all that they can, with faults and without."""
    # What is rare (pictures that are erased late) takes some histories.
    chosen = [("1", scenarios.calm), *((seed, scenarios.harsh) for seed in _SEEDS)]
    runs = [(seed, dataclasses.replace(scenario(seed, 150), profile=BUSY)) for seed, scenario in chosen]
    return frozenset(generalized(call) for seed, each in runs for call in World(seed, each).run().calls.used)


# Of a row that cannot be read, and of a list by time, which no simulation makes; the integration tests record them
# (test_roles).
NOT_SIMULATED = frozenset(
    {
        Call("publish", "sqs:SendMessage", "PublishDeadLetterQueue"),
        Call("verifications", "dynamodb:Query", "VerificationsTable/index/by_created"),
    }
)


def generalized(call: Call) -> Call:
    """The same call about one object for all: ids differ in keys, and no policy names one. The simulation has names of
    CloudFormation's in place of the stack's."""
    named = tuple((key, STACK if value == "AWS::StackName" else value) for key, value in call.context)
    call = dataclasses.replace(call, context=named)
    bucket, _, key = call.resource.partition("/")
    if not call.action.startswith("s3:") or not key:
        return call
    kind = key.partition("/")[0]
    return dataclasses.replace(call, resource=f"{bucket}/{kind}/ver_1/0a")


def by_lambda(stack: Stack, function: str) -> frozenset[Call]:
    """What Lambda does in the name of a function's role: it writes the log, and polls what calls it.

    docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    log = f"{function.capitalize()}LogGroup/2026/01/31/[$LATEST]0a"
    return polls(stack, function) | {
        Call(function, action, log) for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    }


def polls(stack: Stack, function: str) -> frozenset[Call]:
    """What the event source mappings of a function do in the name of its role.

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
            # ListStreams is about no single stream: service-authorization/latest/reference/list_amazondynamodb.html
            calls |= {Call(function, action, source) for action in _READS} | {Call(function, LIST_STREAMS, "*")}
            failed = mapping["DestinationConfig"]["OnFailure"]["Destination"]
            calls.add(Call(function, "sqs:SendMessage", _named(stack, "AWS::SQS::Queue", failed)))
        else:
            queue = _named(stack, "AWS::SQS::Queue", mapping["EventSourceArn"])
            calls |= {Call(function, action, queue) for action in _POLLS}
    return frozenset(calls)


def _named(stack: Stack, kind: str, arn: str) -> str:
    """The logical id of what an ARN names."""
    (name,) = [each for each in stack.of_type(kind) if stack.arn(each) == arn]
    return name
