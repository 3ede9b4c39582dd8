"""boto3 clients with the bridge's timeouts and retries, and the translation of AWS errors."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bridge.domain.errors import StorageUnavailable

# Seconds. Each attempt of a call may take the sum of both.
CONNECT_TIMEOUT, READ_TIMEOUT = 1, 2

# Total attempts of a call. Before a retry botocore waits for up to 2 s, and for up to 5 s more if the response asks for
# it. Secrets have one attempt less because the authorizer, which reads them, times out after 10 s.
ATTEMPTS = {"dynamodb": 3, "events": 3, "s3": 3, "secretsmanager": 2, "sqs": 3}


_Entry = TypeVar("_Entry")


def client(service: str) -> Any:
    """A boto3 client. AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> override its endpoint."""
    # Imported here because functions without AWS calls, such as about, do not need it.
    import boto3

    with translate_aws_errors("CreateClient"):
        return boto3.client(service, config=_config(service))


def _config(service: str) -> Config:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS[service]},
        # Validation is slow. The tests validate all requests against AWS's models.
        parameter_validation=False,
        # With its default botocore builds the header twice per call, which takes up to a third of the call's CPU time.
        user_agent="ekyc-bridge",
    )
    if service != "s3":
        return config
    # Presigned URLs of objects that are encrypted with a KMS key need signature version 4.
    return config.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@contextlib.contextmanager
def translate_aws_errors(operation: str) -> Iterator[None]:
    """Raises StorageUnavailable in place of botocore's errors.

    `operation` is AWS's name of the operation, for errors that do not contain it.
    """
    try:
        yield
    except ClientError as error:
        raise StorageUnavailable(error.operation_name, str(error.response["Error"]["Code"])) from error
    # ResponseParserError is not a BotoCoreError.
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable(operation, type(error).__name__) from error


def in_batches(entries: Sequence[_Entry]) -> Iterator[Sequence[_Entry]]:
    """Batches of ten, the most entries that SendMessageBatch and PutEvents accept."""
    return (entries[start : start + 10] for start in range(0, len(entries), 10))


def required(response: Mapping[str, Any], member: str, operation: str) -> Any:
    """A member that every complete response contains. Raises StorageUnavailable if it is absent.

    botocore parses an empty body as an empty success, which would look like "not found".
    """
    if member not in response:
        raise StorageUnavailable(operation, "IncompleteResponse")
    return response[member]
