"""boto3 clients with our timeouts and retries, and the one translation of AWS's errors."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bridge.domain.errors import StorageUnavailable

# Seconds. Each attempt of a call may take both.
CONNECT_TIMEOUT, READ_TIMEOUT = 1, 2

# Attempts of a call, all together. Before another one botocore waits for up to 2 s, and up to 5 s more where AWS asks
# for it. Secrets get one less, as the authorizer reads them, which has 10 s in all.
ATTEMPTS = {"dynamodb": 3, "events": 3, "s3": 3, "secretsmanager": 2, "sqs": 3}


def client(service: str) -> Any:
    """A boto3 client; the environment says where the service is (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>)."""
    # A function that calls nothing, such as about, does not wait for this import.
    import boto3

    with translate_aws_errors("CreateClient"):
        return boto3.client(service, config=_config(service))


def _config(service: str) -> Config:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS[service]},
        # The tests hold our few requests against AWS's own models.
        parameter_validation=False,
        # Without it botocore builds the header twice at each call, which costs as much as a third of the call.
        user_agent="ekyc-bridge",
    )
    if service != "s3":
        return config
    # Only this signature opens links to what is encrypted with a key of KMS.
    return config.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@contextlib.contextmanager
def translate_aws_errors(operation: str) -> Iterator[None]:
    """Turns what botocore raises into StorageUnavailable; `operation` is AWS's name of what found no service.

    A condition that fails is for whoever set it to catch.
    """
    try:
        yield
    except ClientError as error:
        raise StorageUnavailable(error.operation_name, str(error.response["Error"]["Code"])) from error
    # A response that cannot be parsed has an error of its own, outside botocore's tree.
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable(operation, type(error).__name__) from error


def required(response: Mapping[str, Any], member: str, operation: str) -> Any:
    """A member that every whole response has; StorageUnavailable without it.

    botocore takes an empty body for an empty success, and so would we take it for "not found".
    """
    if member not in response:
        raise StorageUnavailable(operation, "IncompleteResponse")
    return response[member]
