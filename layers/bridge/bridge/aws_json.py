"""AWS's JSON protocol, which DynamoDB, Secrets Manager and SQS speak, by botocore's own signer, transport and retries,
and without its clients.

Such a client is made from the description of its service, which it reads at each start and interprets at each call:
that was two thirds of what a call cost the processor (docs/performance.md). Our calls are the same few, and their
requests are written as the service reads them.
"""

import functools
import json
import os
import secrets
import socket
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParserError

# Seconds. Two tries of a call that does not answer still leave a function time to say so.
CONNECT_TIMEOUT, READ_TIMEOUT = 1, 2
ATTEMPTS = 3
# The longest pause between two tries, even where AWS asks for more: our caller does not wait any longer.
LONGEST_PAUSE = 2

# The version of the protocol, what stands before the operation in X-Amz-Target, and the variable that says where.
SERVICES = {
    "dynamodb": ("1.0", "DynamoDB_20120810", "AWS_ENDPOINT_URL_DYNAMODB"),
    "secretsmanager": ("1.1", "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    "sqs": ("1.0", "AmazonSQS", "AWS_ENDPOINT_URL_SQS"),
}

# What is written is sent. Else the body waits for the header to be acknowledged, which takes a server up to 40 ms.
_AT_ONCE: Any = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

# botocore's session is not safe for use by several threads at once.
session_lock = threading.Lock()


class JsonClient:
    """A client of one service, used as boto3's: `put_item(TableName=…, …)` gives the answer as a dict.

    What the service refuses is a ClientError; no answer is a BotoCoreError, and one that cannot be read a
    ResponseParserError. Where it may help a call is made again, three times in all, as by botocore's standard mode.
    """

    def __init__(
        self, service: str, *, url: str | None = None, connections: int = 10, attempts: int = ATTEMPTS
    ) -> None:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _configured_region()
        if not region:
            raise NoRegionError()
        version, self._target, variable = SERVICES[service]
        self.url = url or _endpoint(service, region, variable)
        timeout: Any = (CONNECT_TIMEOUT, READ_TIMEOUT)
        self.http = URLLib3Session(timeout=timeout, max_pool_connections=connections, socket_options=[_AT_ONCE])
        self._service, self._region, self._attempts = service, region, attempts
        self._content_type = f"application/x-amz-json-{version}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(self.call, "".join(word.capitalize() for word in name.split("_")))

    def call(self, operation: str, /, **parameters: Any) -> Any:
        """The answer to an operation, by AWS's name for it (PutItem)."""
        body = json.dumps(parameters).encode()
        attempt = 1
        while True:
            answer = None
            try:
                answer = self._send(operation, body)
                return _read(operation, answer)
            except (BotoCoreError, ClientError) as error:
                pause = self._pause(error, answer, attempt) if attempt < self._attempts else None
                if pause is None:
                    raise
            time.sleep(pause)
            attempt += 1

    @functools.cached_property
    def _credentials(self) -> Any:
        """Looked for at the first call, whose errors they share: they may have to come over HTTP."""
        found = _credentials()
        if found is None:
            raise NoCredentialsError()
        return found

    def _send(self, operation: str, body: bytes) -> AWSResponse:
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._target}.{operation}"}
        request = AWSRequest("POST", self.url, headers, body)
        SigV4Auth(self._credentials.get_frozen_credentials(), self._service, self._region).add_auth(request)
        answer = self.http.send(request.prepare())
        if not _is_whole(answer):
            raise ConnectionClosedError(endpoint_url=self.url)
        return answer

    def _pause(self, error: Exception, answer: AWSResponse | None, attempt: int) -> float | None:
        """Seconds until the next attempt; None where it would not help. Imported here, as mostly nothing fails."""
        from botocore.retries import standard as typed

        standard: Any = typed
        context = standard.RetryContext(
            attempt,
            parsed_response=getattr(error, "response", None) or {},
            http_response=answer,
            caught_exception=error,
        )
        may_help = standard.OrRetryChecker(
            [
                standard.TransientRetryableChecker(),
                standard.ThrottledRetryableChecker(),
                standard.ThrottlingStatusCodeChecker(),
            ]
        )
        if not may_help.is_retryable(context):
            return None
        backoff = standard.ExponentialBackoff(
            random=secrets.SystemRandom().random,
            service_name=self._service,
            throttling_detector=standard.ThrottlingErrorDetector(None),
        )
        return min(float(backoff.delay_amount(context)), LONGEST_PAUSE)


def _is_whole(answer: AWSResponse) -> bool:
    """Whether it was neither cut short nor changed on the way; the transport does not look."""
    stated = {"content-length": len(answer.content), "x-amz-crc32": zlib.crc32(answer.content)}
    return all(answer.headers.get(name, str(value)) == str(value) for name, value in stated.items())


def _read(operation: str, answer: AWSResponse) -> Any:
    try:
        document = json.loads(answer.content) if answer.content else {}
    except ValueError:
        document = None
    is_refused = answer.status_code >= 300
    if not isinstance(document, dict):
        if not is_refused:
            raise ResponseParserError(f"{operation}: the answer is no JSON object")
        document = {}
    if is_refused:
        # com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException:http://…, of which the middle is the code.
        code = str(document.get("__type") or answer.status_code).partition(":")[0].rpartition("#")[2]
        message = document.get("message") or document.get("Message") or ""
        response: Any = {**document, "Error": {"Code": code, "Message": message}}
        raise ClientError(response, operation)
    return {name: value for name, value in document.items() if value is not None}


def _endpoint(service: str, region: str, variable: str) -> str:
    declared = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
    if declared:
        return declared.rstrip("/") + "/"
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}/"


@functools.cache
def session() -> Any:
    """botocore's: on Lambda for S3, and for credentials that do not stand in the environment, as with SnapStart."""
    from botocore.session import Session

    return Session()


def _configured_region() -> str | None:
    """Of whoever works at a terminal."""
    with session_lock:
        region: str | None = session().get_config_variable("region")
    return region


def _credentials() -> Any:
    """Those of the environment, else whatever botocore finds; it refreshes them where they end."""
    from botocore.credentials import EnvProvider

    with session_lock:
        return EnvProvider().load() or session().get_credentials()
