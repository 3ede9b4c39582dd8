"""Translates boto3 calls to IAM actions on resources, with the condition keys that each call sets.

The simulation and the integration tests record them; tests/policies checks them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# The encryption parameters of PutObject, and their condition keys.
# docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_ENCRYPTION = {
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
}
_ITEM_OPERATIONS = {"DeleteItem", "GetItem", "PutItem", "UpdateItem"}


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One IAM action: `function` in lower case; `resource` as the call names it, with key or index appended."""

    function: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


def calls(function: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Call]:
    """Yields each action that IAM checks for boto3's `operation` with `parameters`."""
    for action, resource, context in _iam(service, operation, parameters):
        yield Call(function, action, resource, tuple(sorted(context.items())))


def _iam(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    match service, operation:
        case "dynamodb", _:
            yield from _dynamodb(operation, parameters)
        case "s3", _:
            yield from _s3(operation, parameters)
        case "sqs", "SendMessage" | "SendMessageBatch":
            yield "sqs:SendMessage", parameters["QueueUrl"], {}
        case "sqs", "GetQueueAttributes" | "ChangeMessageVisibility":
            yield f"sqs:{operation}", parameters["QueueUrl"], {}
        case "events", "PutEvents":
            for entry in parameters["Entries"]:
                yield "events:PutEvents", entry["EventBusName"], {"events:source": entry["Source"]}
        case "secretsmanager", "GetSecretValue":
            yield "secretsmanager:GetSecretValue", parameters["SecretId"], {}
        case _:
            raise NotImplementedError(f"{service}:{operation}")


def _dynamodb(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    returned = parameters.get("ReturnValues")
    context = {"dynamodb:ReturnValues": returned} if returned else {}
    if operation in _ITEM_OPERATIONS:
        yield f"dynamodb:{operation}", parameters["TableName"], context
    elif operation == "Query":
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield "dynamodb:Query", f"{parameters['TableName']}{index}", {}
    elif operation == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield "dynamodb:BatchGetItem", table, {}
    else:
        raise NotImplementedError(operation)


def _s3(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    bucket = parameters["Bucket"]
    version = "Version" if "VersionId" in parameters else ""
    match operation:
        case "PutObject":
            context = {key: parameters[name] for name, key in _ENCRYPTION.items() if name in parameters}
            yield "s3:PutObject", f"{bucket}/{parameters['Key']}", context
        case "GetObject" | "DeleteObject":
            yield f"s3:{operation}{version}", f"{bucket}/{parameters['Key']}", {}
            if operation == "GetObject":
                # Without the right to list the bucket S3 returns AccessDenied for a missing key, not NoSuchKey.
                # docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
                yield "s3:ListBucket", bucket, {}
        case "ListObjectVersions":
            yield "s3:ListBucketVersions", bucket, {}
        case _:
            raise NotImplementedError(operation)
