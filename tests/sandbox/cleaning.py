"""Empties what a stack holds, so that one test does not see another's work."""

from typing import Any

from .stack import Stack


def empty(stack: Stack, dynamodb: Any, sqs: Any) -> None:
    """Deletes all items and messages. Objects stay: nothing looks for one that no item names.

    Args:
        dynamodb, sqs: clients.
    """
    for table in stack.of_type("AWS::DynamoDB::Table"):
        _empty_table(dynamodb, table)
    for queue in stack.of_type("AWS::SQS::Queue"):
        _empty_queue(sqs, queue)


def _empty_table(dynamodb: Any, table: str) -> None:
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    names = [part["AttributeName"] for part in schema]
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in names})


def _empty_queue(sqs: Any, queue: str) -> None:
    """Message by message, as SQS purges a queue once a minute at most; what is hidden just now stays."""
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
