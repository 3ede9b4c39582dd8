"""Writes to DynamoDB that have a condition."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from botocore.exceptions import ClientError

from bridge.aws.clients import translate_aws_errors


class ConditionNotMet(Exception):
    """The condition of a write was not met. `item` is what is there, if the write asked for it."""

    def __init__(self, item: dict[str, Any] | None) -> None:
        super().__init__("the condition of a write was not met")
        self.item = item


@contextlib.contextmanager
def conditional_write(operation: str) -> Iterator[None]:
    """Raises ConditionNotMet if the condition is not met, or StorageUnavailable if DynamoDB fails."""
    with translate_aws_errors(operation):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ConditionNotMet(cast("dict[str, Any]", error.response).get("Item")) from None
