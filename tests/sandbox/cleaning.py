"""Empties a stack's resources, so that one test does not see another's work."""

from functools import cache
from typing import Any

from .stack import Stack


def empty(stack: Stack, dynamodb: Any, sqs: Any, s3: Any) -> None:
    """Deletes all items, messages and objects.

    Args:
        dynamodb, sqs, s3: boto3 clients.
    """
    for table in stack.of_type("AWS::DynamoDB::Table"):
        _empty_table(dynamodb, table)
    for queue in stack.of_type("AWS::SQS::Queue"):
        # This also deletes delayed and invisible messages.
        sqs.purge_queue(QueueUrl=queue)
    for bucket in stack.of_type("AWS::S3::Bucket"):
        _empty_bucket(s3, bucket)


def _empty_table(dynamodb: Any, table: str) -> None:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in _key(dynamodb, table)})


@cache
def _key(dynamodb: Any, table: str) -> list[str]:
    """Returns the names of the attributes of a table's key."""
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    return [part["AttributeName"] for part in schema]


def _empty_bucket(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
