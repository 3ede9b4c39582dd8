"""Clients of AWS, and the one translation of their errors."""

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bridge.aws_json import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT, SERVICES, JsonClient, session, session_lock
from bridge.errors import StorageUnavailable


def client(service: str) -> Any:
    """A low-level client; the environment says where (AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>)."""
    return JsonClient(service) if service in SERVICES else _s3()


def describe_s3() -> None:
    """Reads the service's description, which is kept for the client to come, without looking for credentials."""
    _s3(aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106


def _s3(**credentials: str) -> Any:
    """botocore's own; boto3's is the same, and brings resources and transfers that nothing here uses."""
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        # Our requests are the same few, which the tests hold.
        parameter_validation=False,
        # Only this signature opens links to what is encrypted with a key of KMS.
        signature_version="s3v4",
        s3={"addressing_style": "path"},
    )
    # Credentials that come over HTTP are looked for here.
    with session_lock, translated():
        return session().create_client("s3", config=config, **credentials)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns what botocore raises into StorageUnavailable. A condition that fails is for whoever set it to catch."""
    try:
        yield
    except ClientError as error:
        raise StorageUnavailable(error.operation_name, str(error.response["Error"]["Code"])) from error
    # An answer that is no answer has an error of its own, outside botocore's tree.
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable("connect", type(error).__name__) from error
