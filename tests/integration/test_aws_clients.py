"""Our boto3 clients against raw servers: how they handle each kind of response, retry, and choose an endpoint."""

import gzip
import json
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from bridge.aws import clients
from bridge.aws.clients import ATTEMPTS, translate_aws_errors
from bridge.aws.secrets import Secret
from bridge.domain.errors import StorageUnavailable
from bridge.domain.ids import new_id
from bridge.domain.verification import Evidence
from bridge.store import due, listing, reading
from bridge.store.evidence import EvidenceBucket
from bridge.store.table import Table
from tests.integration.raw_server import RawServer, Response, whole

LAYER = str(Path(__file__).parents[2] / "layers/bridge")
ID = new_id(token_bytes)
KEY = {"id": {"S": ID}}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "_DYNAMODB", "_SQS", "_S3", "_SECRETS_MANAGER"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    # boto3 would reuse the session and the region of an earlier test.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore would sleep between attempts."""
    seconds: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", seconds.append)
    return seconds


def client(service: str, server: RawServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return clients.client(service)


def error(code: str, status: str = "400 Bad Request", more: str = "") -> Response:
    return whole(json.dumps({"__type": f"com.amazonaws#{code}", "message": "m"}).encode(), status, more)


def closes_connection(connection: Any, stopping: Any) -> None:
    raise ConnectionAbortedError("closes without a response")


def cut_short(connection: Any, stopping: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{")
    connection.shutdown(socket.SHUT_WR)


def without_body(connection: Any, stopping: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection.shutdown(socket.SHUT_WR)


def wrong_checksum(body: bytes) -> Response:
    return whole(body, more=f"x-amz-crc32: {zlib.crc32(body) ^ 1}\r\n")


# Each response, the error code that it leads to, and the number of attempts.
RESPONSES: dict[str, tuple[Response, str, int]] = {
    "not allowed": (error("AccessDeniedException"), "AccessDeniedException", 1),
    "throttled": (error("ThrottlingException"), "ThrottlingException", 3),
    "500": (error("InternalServerError", "500 Internal Server Error"), "InternalServerError", 3),
    "503 of a proxy": (whole(b"<html>down</html>", "503 Service Unavailable"), "503", 3),
    "cut short": (cut_short, "IncompleteResponse", 1),
    "no JSON": (whole(b'{"Item": {"id"'), "IncompleteResponse", 1),
    "connection closed": (closes_connection, "ConnectionClosedError", 3),
    "without a body": (without_body, "IncompleteResponse", 1),
    "empty body": (whole(b""), "IncompleteResponse", 1),
    "empty object": (whole(b"{}"), "IncompleteResponse", 1),
    "with a wrong checksum": (wrong_checksum(b""), "IncompleteResponse", 3),
}


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_failed_read_raises_and_is_never_not_found(
    kind: str, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    response, code, attempts = RESPONSES[kind]
    with RawServer(response) as server, pytest.raises(StorageUnavailable) as raised:
        reading.get(Table(client("dynamodb", server, monkeypatch), "verifications", 0), ID)
    assert raised.value.code == code
    assert len(server.requests) == attempts
    assert ATTEMPTS["dynamodb"] == 3


INCOMPLETE: dict[str, Callable[[Any], Any]] = {
    "dynamodb Query": lambda made: listing.by_reference(
        Table(made, "verifications", 0), "web", "order-1", limit=1, after=None
    ),
    "dynamodb BatchGetItem": lambda made: reading.get_all(Table(made, "verifications", 0), [ID]),
    "dynamodb UpdateItem": lambda made: due.claim_due(Table(made, "verifications", 0), ID, 1, until=2),
    "s3 ListObjectVersions": lambda made: EvidenceBucket(made, "evidence").delete(ID),
    "secretsmanager GetSecretValue": lambda made: Secret(
        made, "arn:aws:secretsmanager:eu-west-1:1:secret:keys", is_well_formed=bool
    ).read(),
}


@pytest.mark.parametrize("call", INCOMPLETE)
def test_an_empty_200_raises_for_every_call_whose_response_is_read(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service, _, operation = call.partition(" ")
    with RawServer(whole(b"")) as server, pytest.raises(StorageUnavailable) as raised:
        INCOMPLETE[call](client(service, server, monkeypatch))
    assert raised.value.operation == operation


def test_truncated_evidence_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(b"{}")

    def cut(connection: Any, stopping: Any) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        connection.shutdown(socket.SHUT_WR)

    with RawServer(cut) as server, pytest.raises(StorageUnavailable):
        EvidenceBucket(client("s3", server, monkeypatch), "evidence").get(Evidence("records/a", "0", 2))


def test_a_transient_fault_is_retried(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    good = whole(json.dumps({"ConsumedCapacity": {"CapacityUnits": 1}}).encode())
    with RawServer(error("ThrottlingException"), closes_connection, good) as server:
        assert reading.get(Table(client("dynamodb", server, monkeypatch), "verifications", 0), ID) is None
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("service", "call", "longest"),
    [
        ("dynamodb", lambda made: made.get_item(TableName="t", Key=KEY), [6, 7]),
        ("secretsmanager", lambda made: made.get_secret_value(SecretId="s"), [6]),
    ],
)
def test_the_retry_after_of_aws_is_capped(
    service: str,
    call: Callable[[Any], Any],
    longest: list[float],
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    throttled = error("ThrottlingException", more="x-amz-retry-after: 4000000000\r\n")
    with RawServer(throttled) as server:
        made = client(service, server, monkeypatch)
        with pytest.raises(ClientError):
            call(made)
    assert [5 <= pause <= most for pause, most in zip(pauses, longest, strict=True)] == [True] * len(longest)


@pytest.mark.parametrize(
    ("service", "environment", "url"),
    [
        ("dynamodb", {}, "https://dynamodb.eu-west-1.amazonaws.com"),
        ("dynamodb", {"AWS_DEFAULT_REGION": "eusc-de-east-1"}, "https://dynamodb.eusc-de-east-1.amazonaws.eu"),
        ("sqs", {"AWS_DEFAULT_REGION": "cn-north-1"}, "https://sqs.cn-north-1.amazonaws.com.cn"),
        (
            "secretsmanager",
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            "https://secretsmanager-fips.us-east-1.amazonaws.com",
        ),
        ("sqs", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://sqs.eu-west-1.api.aws"),
        ("dynamodb", {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
    ],
)
def test_a_client_uses_the_endpoint_of_the_region_or_the_environment(
    service: str, environment: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert clients.client(service).meta.endpoint_url == url


def test_requests_go_through_the_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://dynamodb.example")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(StorageUnavailable) as raised, translate_aws_errors("GetItem"):
        clients.client("dynamodb").get_item(TableName="t", Key=KEY)
    assert raised.value.code == "ProxyConnectionError"


def test_the_user_agent_names_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(whole(b"{}")) as server:
        client("dynamodb", server, monkeypatch).get_item(TableName="t", Key=KEY)
    assert b"User-Agent: ekyc-bridge" in server.requests[0]


def test_clients_work_under_mock_aws() -> None:
    # In a separate process, because mock_aws resets the backends of the sandbox in this process.
    program = """
from moto import mock_aws
from bridge.aws import clients, secrets
with mock_aws():
    made = clients.client("secretsmanager")
    arn = made.create_secret(Name="keys", SecretString='{"keys": []}')["ARN"]
    assert secrets.Secret(made, arn, is_well_formed=bool).read() == {"keys": []}
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], env={**os.environ, "PYTHONPATH": LAYER}, check=True)
