"""AWS's JSON protocol: the same requests as boto3's clients make, and what becomes of every kind of answer."""

import json
import re
import socket
import zlib
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSHTTPConnection
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.parsers import ResponseParserError

from bridge.aws import translated
from bridge.aws_json import ATTEMPTS, LONGEST_PAUSE, SERVICES, JsonClient
from bridge.errors import StorageUnavailable
from tests.integration.raw_server import Answer, RawServer, whole

KEY = {"id": {"S": "ver_a"}}
VALUE = {":a": {"N": "5"}, ":b": {"M": {"x": {"L": [{"S": "é 你"}, {"BOOL": True}, {"NULL": True}]}}}}
# The calls that the bridge makes, with parameters of each kind.
UPDATE = {"UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": "a"}, "ReturnValues": "ALL_NEW"}
PAGE = {"IndexName": "due", "Limit": 5, "ScanIndexForward": False, "ExclusiveStartKey": KEY}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "put_item", {"TableName": "t", "Item": {**KEY, "n": {"N": "1.5"}}, "ConditionExpression": "#a < :a"}),
    ("dynamodb", "update_item", {"TableName": "t", "Key": KEY, "ExpressionAttributeValues": VALUE, **UPDATE}),
    ("dynamodb", "delete_item", {"TableName": "t", "Key": KEY, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
    ("dynamodb", "get_item", {"TableName": "t", "Key": KEY, "ConsistentRead": True}),
    ("dynamodb", "query", {"TableName": "t", **PAGE}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}}),
    ("secretsmanager", "get_secret_value", {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:keys"}),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": "https://sqs.example/due", "Entries": [{"Id": "0", "MessageBody": "{}"}]},
    ),
]


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "of-a-session",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    for service in ("", "_DYNAMODB", "_SQS", "_SECRETS_MANAGER"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{service}", raising=False)
    # Pauses between the tries.
    monkeypatch.setattr("bridge.aws_json.time.sleep", lambda seconds: None)


def asked(request: bytes) -> tuple[str, dict[str, str], Any]:
    """A request's first line, its headers that mean something to AWS, and its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    # Who signed what, for which service. boto3 asks SQS for the codes of errors that it had in its old protocol.
    signed = re.sub(r"\d{8}/|Signature=.*|;x-amzn-query-mode", "", headers["authorization"])
    kept = ("x-amz-target", "content-type", "x-amz-security-token", "host")
    return first, {name: headers[name] for name in kept} | {"authorization": signed}, json.loads(body)


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS, ids=[call[1] for call in CALLS])
def test_a_request_is_the_one_that_boto3_makes(service: str, operation: str, parameters: dict[str, Any]) -> None:
    with RawServer(whole(b"{}")) as server:
        # Of a session of its own: the default one keeps the credentials that another test began it with.
        theirs: Any = boto3.Session().client(service, endpoint_url=server.url)
        getattr(theirs, operation)(**parameters)
        getattr(JsonClient(service, url=f"{server.url}/"), operation)(**parameters)

    boto3s, ours = map(asked, server.requests)
    assert ours == boto3s
    assert f"/eu-west-1/{service}/aws4_request" in ours[1]["authorization"]


@pytest.mark.parametrize(
    ("service", "region", "host"),
    [
        ("dynamodb", "eu-west-1", "dynamodb.eu-west-1.amazonaws.com"),
        ("secretsmanager", "ap-southeast-1", "secretsmanager.ap-southeast-1.amazonaws.com"),
        ("sqs", "us-gov-west-1", "sqs.us-gov-west-1.amazonaws.com"),
        ("dynamodb", "cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_service_is_where_boto3_finds_it(
    monkeypatch: pytest.MonkeyPatch, service: str, region: str, host: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)

    assert JsonClient(service).url == f"https://{host}/"

    theirs: Any = boto3.Session().client(service, region_name=region)
    assert theirs.meta.endpoint_url == f"https://{host}"


def test_the_environment_may_say_where_a_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:2/")

    assert [JsonClient(service).url for service in SERVICES] == [
        "http://127.0.0.1:1/",
        "http://127.0.0.1:2/",
        "http://127.0.0.1:1/",
    ]


def refusal(code: str, status: str = "400 Bad Request", **more: Any) -> Answer:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "said by AWS", **more}
    return whole(json.dumps(document).encode(), status)


def hung_up(connection: Any, stopping: Any) -> None:
    raise ConnectionAbortedError("hangs up without an answer")


def cut_short(connection: Any, stopping: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n")
    connection.shutdown(socket.SHUT_WR)


GOOD = whole(b'{"Item": {}}')
# An answer, how often it is asked for, and the code or the class of the error that it ends in.
ANSWERS: dict[str, tuple[Answer, int, str]] = {
    "a condition": (refusal("ConditionalCheckFailedException", Item=KEY), 1, "ConditionalCheckFailedException"),
    "not allowed": (refusal("AccessDeniedException"), 1, "AccessDeniedException"),
    "too much": (refusal("ProvisionedThroughputExceededException"), 3, "ProvisionedThroughputExceededException"),
    "throttled": (refusal("ThrottlingException"), 3, "ThrottlingException"),
    "429": (whole(b"", "429 Too Many Requests"), 3, "429"),
    "500": (refusal("InternalServerError", "500 Internal Server Error"), 3, "InternalServerError"),
    "503 of a proxy": (whole(b"<html>down</html>", "503 Service Unavailable"), 3, "503"),
    "403 of a proxy": (whole(b"<html>no</html>", "403 Forbidden"), 1, "403"),
    "with a place": (refusal("ThrottlingException:http://internal.amazon.com/"), 3, "ThrottlingException"),
    "cut short": (cut_short, 3, "ConnectionClosedError"),
    "no JSON": (whole(b'{"Item": {"id"'), 1, "ResponseParserError"),
    "no object": (whole(b"[]"), 1, "ResponseParserError"),
    "hung up": (hung_up, 3, "ConnectionClosedError"),
}


def ended(call: Callable[[], Any]) -> str:
    with pytest.raises((ClientError, BotoCoreError, ResponseParserError)) as raised:
        call()
    return (
        raised.value.response["Error"]["Code"] if isinstance(raised.value, ClientError) else type(raised.value).__name__
    )


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_does_not_go_away_ends_in_its_error_after_as_many_tries_as_may_help(kind: str) -> None:
    answer, tries, expected = ANSWERS[kind]
    with RawServer(answer) as server:
        client = JsonClient("dynamodb", url=f"{server.url}/")
        assert ended(lambda: client.get_item(TableName="t", Key=KEY)) == expected
    assert len(server.requests) == tries
    assert ATTEMPTS == 3


@pytest.mark.parametrize("kind", [kind for kind, (_, tries, _) in ANSWERS.items() if tries > 1])
def test_what_goes_away_is_seen_by_nobody(kind: str) -> None:
    with RawServer(ANSWERS[kind][0], ANSWERS[kind][0], GOOD) as server:
        assert JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY) == {"Item": {}}
    assert len(server.requests) == 3


def test_the_item_that_stood_in_the_way_comes_with_the_refusal() -> None:
    with RawServer(ANSWERS["a condition"][0]) as server, pytest.raises(ClientError) as raised:
        JsonClient("dynamodb", url=f"{server.url}/").put_item(TableName="t", Item=KEY)
    assert raised.value.response["Item"] == KEY  # type: ignore[typeddict-item]
    assert raised.value.operation_name == "PutItem"


def with_checksum(body: bytes, checksum: object) -> Answer:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nx-amz-crc32: {checksum}\r\n\r\n"
    return lambda connection, stopping: connection.sendall(head.encode() + body)


@pytest.mark.parametrize("wrong", [zlib.crc32(b'{"Item": {}}') ^ 1, "none", ""])
def test_an_answer_that_was_changed_on_the_way_is_asked_for_again(wrong: object) -> None:
    body = b'{"Item": {}}'
    with RawServer(with_checksum(body, wrong), with_checksum(body, zlib.crc32(body))) as server:
        assert JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY) == {"Item": {}}
    assert len(server.requests) == 2


def test_a_server_that_is_not_there_is_named_after_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    client = JsonClient("dynamodb", url="http://127.0.0.1:1/")
    pauses: list[float] = []
    monkeypatch.setattr("bridge.aws_json.time.sleep", pauses.append)

    assert ended(lambda: client.get_item(TableName="t", Key=KEY)) == "EndpointConnectionError"

    assert len(pauses) == 2
    assert all(0 <= pause < 0.1 for pause in pauses)


def test_after_a_throttle_the_pause_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("bridge.aws_json.time.sleep", pauses.append)
    monkeypatch.setattr("bridge.aws_json.secrets.SystemRandom.random", lambda self: 1.0)
    with RawServer(ANSWERS["throttled"][0]) as server:
        ended(lambda: JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY))
    assert pauses == [1.0, 2.0]


def test_the_kernel_holds_nothing_of_a_request_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would send a body only when the server has acknowledged the header, up to 40 ms later."""
    at_once: list[bool] = []
    connect = AWSHTTPConnection.connect

    def watched(self: Any) -> None:
        connect(self)
        at_once.append(bool(self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))

    monkeypatch.setattr(AWSHTTPConnection, "connect", watched)
    with RawServer(GOOD) as server:
        JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY)
    assert at_once == [True]


@pytest.mark.parametrize("wished", ["30000", "4000000000"])
def test_aws_may_not_ask_for_a_longer_pause_than_our_caller_waits(monkeypatch: pytest.MonkeyPatch, wished: str) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("bridge.aws_json.time.sleep", pauses.append)
    head = f"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nx-amz-retry-after: {wished}\r\n\r\n".encode()
    with RawServer(lambda connection, stopping: connection.sendall(head)) as server:
        ended(lambda: JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY))
    assert pauses == [LONGEST_PAUSE, LONGEST_PAUSE]


def test_what_is_null_is_as_if_it_were_not_there() -> None:
    with RawServer(whole(b'{"Item": null, "ConsumedCapacity": {}}')) as server:
        answer = JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY)
    assert answer == {"ConsumedCapacity": {}}


def test_without_a_region_there_is_no_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bridge.aws_json._configured_region", lambda: None)
    with pytest.raises(NoRegionError):
        JsonClient("dynamodb")
    monkeypatch.setattr("bridge.aws_json._configured_region", lambda: "eu-north-1")
    assert JsonClient("sqs").url == "https://sqs.eu-north-1.amazonaws.com/"


def test_credentials_that_do_not_stand_in_the_environment_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with SnapStart, where the runtime gives them over HTTP."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    from botocore.session import Session

    given = {
        "AccessKeyId": "AKIDRESTORED",
        "SecretAccessKey": "restored",
        "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    with RawServer(whole(json.dumps(given).encode())) as runtime, RawServer(GOOD) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{runtime.url}/credentials")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setattr("bridge.aws_json.session", Session)
        JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY)

    assert "AKIDRESTORED" in asked(server.requests[0])[1]["authorization"]


def test_credentials_that_cannot_be_had_are_a_fault_of_the_call_and_looked_for_at_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the call, not of making the client: callers know what to do about that."""
    found: list[Any] = [
        CredentialRetrievalError(provider="container-role", error_msg="503"),
        Credentials("AKIDLATER", "secret", "token"),
    ]

    def next_found() -> Any:
        each = found.pop(0)
        if isinstance(each, Exception):
            raise each
        return each

    monkeypatch.setattr("bridge.aws_json._credentials", next_found)
    with RawServer(GOOD) as server:
        client = JsonClient("dynamodb", url=f"{server.url}/")
        with pytest.raises(StorageUnavailable), translated():
            client.get_item(TableName="t", Key=KEY)
        assert client.get_item(TableName="t", Key=KEY) == {"Item": {}}
    assert "AKIDLATER" in asked(server.requests[0])[1]["authorization"]


def test_without_credentials_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.aws_json._credentials", lambda: None)
    with RawServer(GOOD) as server, pytest.raises(NoCredentialsError):
        JsonClient("dynamodb", url=f"{server.url}/").get_item(TableName="t", Key=KEY)
    assert server.requests == []
