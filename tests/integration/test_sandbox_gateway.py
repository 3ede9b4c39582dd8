"""The sandbox's gateway behaves as AWS documents. Here is what no test through HTTP covers.

docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html (payload format 2.0)
"""

import base64
import json
from typing import Any

import pytest
from werkzeug.test import Client

from tests.sandbox.authorizers import Authorizers
from tests.sandbox.gateway import BODY_LIMIT, Gateway
from tests.sandbox.lambda_runner import FunctionError, succeeded
from tests.sandbox.triggers import Api, Authorizer, Route

ROUTES = (
    Route("GET", "/things/{id}", "Echo"),
    Route("GET", "/things/mine", "Mine"),
    Route("POST", "/things", "Echo"),
    Route("GET", "/things/{id}/parts/{part}", "Echo"),
    Route("GET", "/guarded", "Echo", "Key"),
)
API = Api(ROUTES, {"Key": Authorizer("Authorizer", ("authorization",), cache_seconds=60)})


class Calls:
    """Stands in for the functions: records their events, and responds with what a test has set."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.response: Any = {"statusCode": 200}
        self.authorizer_response: Any = {"isAuthorized": True, "context": {"principal": "p"}}

    def invoke(self, name: str, event: Any) -> Any:
        self.events.append((name, event))
        result = self.authorizer_response if name == "Authorizer" else self.response
        if isinstance(result, Exception):
            raise FunctionError(name) from result
        return result


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def client(calls: Calls) -> Client:
    return Client(Gateway(API, calls.invoke), use_cookies=False)


def test_an_event_has_all_fields_of_payload_2_0(client: Client, calls: Calls) -> None:
    client.get(
        "/things/a%20b/parts/%2F?x=1&x=2&y=&z=%C3%A4",
        headers=[("X-Two", "1"), ("X-Two", "2"), ("Cookie", "a=1; b=2"), ("User-Agent", "tests")],
        base_url="http://localhost:8080",
    )

    ((_, event),) = calls.events
    context, headers = event.pop("requestContext"), event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "GET /things/{id}/parts/{part}",
        "pathParameters": {"id": "a b", "part": "/"},
        "rawPath": "/things/a b/parts//",
        "rawQueryString": "x=1&x=2&y=&z=%C3%A4",
        "queryStringParameters": {"x": "1,2", "y": "", "z": "ä"},
        "cookies": ["a=1", "b=2"],
        "isBase64Encoded": False,
    }
    assert (headers["x-two"].replace(" ", ""), "cookie" in headers) == ("1,2", False)
    assert (context["domainName"], context["stage"]) == ("localhost:8080", "$default")
    assert (context["http"]["path"], context["http"]["sourceIp"]) == ("/things/a b/parts//", "127.0.0.1")
    assert context["requestId"]
    assert context["timeEpoch"] > 1_700_000_000_000


@pytest.mark.parametrize("path", ["/", "/things/", "/things//parts/1", "/things/1/parts", "/thingsx/1", "/things"])
def test_an_unknown_route_is_404(client: Client, calls: Calls, path: str) -> None:
    assert (client.get(path).status_code, calls.events) == (404, [])
    client.get("/things/mine")
    assert [name for name, _ in calls.events] == ["Mine"]


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("application/json; charset=utf-8", b'{"a":1}', True),
        ("text/plain", b"a", True),
        ("application/json", b"\xff", False),
        ("application/octet-stream", b"a", False),
        ("application/x-www-form-urlencoded", b"a=1", False),
    ],
)
def test_a_body_is_base64_unless_its_type_and_bytes_are_text(
    client: Client, calls: Calls, content_type: str, body: bytes, is_text: bool
) -> None:
    client.post("/things", data=body, content_type=content_type)

    ((_, event),) = calls.events
    assert event["isBase64Encoded"] is not is_text
    assert (event["body"].encode() if is_text else base64.b64decode(event["body"])) == body


def test_a_body_over_the_limit_is_413(client: Client, calls: Calls) -> None:
    response = client.post("/things", data=b"x" * (BODY_LIMIT + 1), content_type="text/plain")

    assert (response.status_code, calls.events) == (413, [])


def test_a_function_response_becomes_the_http_response(client: Client, calls: Calls) -> None:
    calls.response = {
        "statusCode": 201,
        "headers": {"Content-Type": "image/png", "X-Number": 5, "X-Flag": True, "Location": "/elsewhere"},
        "cookies": ["a=1; Secure", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }

    response = client.get("/things/1")

    assert (response.status_code, response.data) == (201, b"\x89PNG")
    assert response.headers.getlist("set-cookie") == ["a=1; Secure", "b=2"]
    sent = [response.headers[name] for name in ("content-type", "x-number", "x-flag", "location")]
    assert sent == ["image/png", "5", "true", "/elsewhere"]


@pytest.mark.parametrize("response", [{"ok": True}, [1, 2], "plain", None])
def test_a_response_without_a_status_code_is_a_200_with_json(client: Client, calls: Calls, response: Any) -> None:
    calls.response = response

    sent = client.get("/things/1")

    assert (sent.status_code, sent.mimetype) == (200, "application/json")
    assert sent.text == (response if isinstance(response, str) else json.dumps(response))


@pytest.mark.parametrize(
    "response",
    [
        RuntimeError("secret"),
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_a_malformed_response_is_a_500_without_details(client: Client, calls: Calls, response: Any) -> None:
    calls.response = response

    sent = client.get("/things/1")

    assert (sent.status_code, json.loads(sent.data)) == (500, {"message": "Internal Server Error"})


def test_the_authorizer_gets_the_request(client: Client, calls: Calls) -> None:
    client.get("/guarded", headers={"Authorization": "Bearer k"})

    (_, event), _ = calls.events
    assert (event["version"], event["type"], event["identitySource"]) == ("2.0", "REQUEST", ["Bearer k"])
    assert event["routeArn"].endswith("/$default/GET/guarded")


@pytest.mark.parametrize("authorizer_response", [RuntimeError("secret"), {"isAuthorized": "yes"}, None])
def test_a_failing_authorizer_is_a_500_and_calls_no_function(
    client: Client, calls: Calls, authorizer_response: Any
) -> None:
    calls.authorizer_response = authorizer_response

    assert client.get("/guarded", headers={"Authorization": "k"}).status_code == 500
    assert [name for name, _ in calls.events] == ["Authorizer"]


def test_an_authorizer_response_is_cached_per_identity(calls: Calls) -> None:
    now = [0.0]
    authorizers = Authorizers(API.authorizers, calls.invoke, clock=lambda: now[0])

    for moment, key, count in ((0.0, "k", 1), (59.0, "k", 1), (61.0, "k", 2), (61.0, "other", 3)):
        now[0] = moment
        context = {"apiId": "a", "stage": "$default"}
        event = {"headers": {"authorization": key}, "routeKey": "GET /guarded", "requestContext": context}
        assert authorizers.authorize("Key", event) is None
        assert len(calls.events) == count


@pytest.mark.parametrize(
    ("result", "left"),
    [
        (None, []),
        ({}, []),
        ({"batchItemFailures": [{"itemIdentifier": "2"}]}, ["2"]),
        # Lambda fails the whole batch if it does not know an identifier.
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["1", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, ["1", "2"]),
    ],
)
def test_messages_that_a_function_reports_as_failed_stay_in_the_queue(result: Any, left: list[str]) -> None:
    assert succeeded(["1", "2"], result) == {"1", "2"} - set(left)
