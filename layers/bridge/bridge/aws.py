"""Clients of AWS, and the one translation of their errors."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from bridge.errors import StorageUnavailable

# Seconds. Two tries of a call that does not answer still leave a function time to say so.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Our requests are the same few, which the tests hold; checking each again is a tenth of what a call costs.
    parameter_validation=False,
)
# Only this signature opens links to what is encrypted with a key of KMS.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))

# botocore's own: the clients are the same as boto3's, which brings resources and transfers that nothing here uses.
_session = Session()
_making = threading.Lock()


def client(service: str) -> Any:
    """A low-level client; the environment says where (AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>)."""
    # A session is not safe for use by several threads at once.
    with _making:
        return _session.create_client(service, config=_S3_CONFIG if service == "s3" else _CONFIG)


def describe(service: str) -> None:
    """Reads the service's description, which is kept for the clients to come, without looking for credentials."""
    with _making:
        _session.create_client(service, config=_CONFIG, aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106


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
