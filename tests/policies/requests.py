"""The IAM requests of a function's AWS call: the call itself, and the uses of the KMS key that it causes."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.calls import Call

from .engine import Policy, Request
from .stack import ACCOUNT, REGION, ResolvedStack

# The KMS actions that each service needs in the caller's name. The pages document them, with their encryption context.
# DynamoDB: docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html (the table key), which
#   also encrypts the stream: encryption.usagenotes.html
# S3 with a bucket key: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html (the context is the bucket's ARN)
# SQS: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# Secrets Manager: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
_KEY_USE = {
    "dynamodb:BatchGetItem": ("kms:Decrypt",),
    "dynamodb:DeleteItem": ("kms:Decrypt",),
    "dynamodb:GetItem": ("kms:Decrypt",),
    "dynamodb:PutItem": ("kms:Decrypt",),
    "dynamodb:Query": ("kms:Decrypt",),
    "dynamodb:UpdateItem": ("kms:Decrypt",),
    "dynamodb:DescribeStream": ("kms:Decrypt",),
    "dynamodb:GetRecords": ("kms:Decrypt",),
    "dynamodb:GetShardIterator": ("kms:Decrypt",),
    "dynamodb:ListStreams": (),
    # An AWS owned key encrypts the bus.
    "events:PutEvents": (),
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    "s3:DeleteObjectVersion": (),
    "s3:ListBucket": (),
    "s3:ListBucketVersions": (),
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "sqs:DeleteMessage": (),
    "sqs:GetQueueAttributes": (),
    "sqs:ChangeMessageVisibility": (),
    "logs:CreateLogStream": (),
    "logs:PutLogEvents": (),
}


def requests(stack: ResolvedStack, call: Call, role: Policy | None = None) -> Iterator[Request]:
    """Yields the IAM requests of a call. `role` replaces the policy of the function's role."""
    identity = (role or stack.role(call.function),)
    arn = resource_arn(stack, call.resource)
    yield _request(stack, call.function, call.action, arn, dict(call.context), identity)
    for action in _KEY_USE[call.action]:
        service = call.action.partition(":")[0]
        context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
        encryption = _encryption_context(stack, call, arn)
        context |= {f"kms:EncryptionContext:{key}": value for key, value in encryption.items()}
        yield _request(stack, call.function, action, stack.arn("DataKey"), context, identity)


def trace(stack: ResolvedStack, function: str, action: str) -> Request:
    """Returns Lambda's request for sending traces with a function's role. X-Ray has no resources.

    docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    return _request(stack, function, action, "*", {}, (stack.role(function),))


def session(stack: ResolvedStack, function: str) -> tuple[str, dict[str, str]]:
    """Returns the session of a function's role, and the condition keys of its every request."""
    role = stack.arn(f"{function.capitalize()}Role")
    name = role.rpartition("/")[2]
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{function}", {
        "aws:PrincipalArn": role,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:SecureTransport": "true",
    }


def resource_arn(stack: ResolvedStack, resource: str) -> str:
    """Returns the ARN of a logical id with an optional path, such as `VerificationsTable/index/due`; `*` stays `*`."""
    if resource == "*":
        return resource
    name, slash, below = resource.partition("/")
    arn = stack.arn(name)
    if name.endswith("LogGroup"):
        return f"{arn.removesuffix('*')}log-stream:{below}"
    return arn + slash + below


def _request(
    stack: ResolvedStack, function: str, action: str, arn: str, context: Mapping[str, Any], identity: tuple[Policy, ...]
) -> Request:
    principal, always = session(stack, function)
    return Request(principal, action, arn, ACCOUNT, {**always, **context}, identity, stack.resource_policy(arn))


def _encryption_context(stack: ResolvedStack, call: Call, arn: str) -> dict[str, str]:
    match call.action.partition(":")[0]:
        case "dynamodb":
            return {"aws:dynamodb:tableName": call.resource.partition("/")[0], "aws:dynamodb:subscriberId": ACCOUNT}
        case "s3":
            return {"aws:s3:arn": stack.arn(call.resource.partition("/")[0])}
        case "secretsmanager":
            return {"SecretARN": arn, "SecretVersionId": "1"}
        case "sqs":
            return {"aws:sqs:arn": arn}
    raise NotImplementedError(call.action)
