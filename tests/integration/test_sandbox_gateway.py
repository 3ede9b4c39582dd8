"""The sandbox's front: what it makes of requests and answers, as API Gateway and Lambda do on AWS."""

import base64
import json
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from tests.sandbox.authorizers import Authorizers
from tests.sandbox.gateway import BODY_LIMIT, Gateway
from tests.sandbox.lambda_runner import FunctionError, succeeded
from tests.sandbox.triggers import Api, Authorizer, Cors, Route

ROUTES = (
    Route("GET", "/things/{id}", "Echo"),
    Route("GET", "/things/mine", "Mine"),
    Route("POST", "/things", "Echo"),
    Route("GET", "/things/{id}/parts/{part}", "Echo"),
    Route("GET", "/guarded", "Echo", "Key"),
)
API = Api(ROUTES, {"Key": Authorizer("Door", ("authorization",), cache_seconds=60)})


class Calls:
    """Stands for Functions: remembers events, answers what was set."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"statusCode": 200}
        self.verdict: Any = {"isAuthorized": True, "context": {"principal": "p"}}

    def invoke(self, name: str, event: Any) -> Any:
        self.events.append((name, event))
        answer = self.verdict if name == "Door" else self.answer
        if isinstance(answer, Exception):
            raise FunctionError(name) from answer
        return answer

    @property
    def event(self) -> dict[str, Any]:
        return self.events[-1][1]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for called, event in self.events if called == name]


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def client(calls: Calls) -> Client:
    return Client(Gateway(API, calls.invoke), use_cookies=False)


def message(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, json.loads(response.data)


def test_an_event_has_all_that_payload_2_0_has(client: Client, calls: Calls) -> None:
    client.get(
        "/things/a%20b/parts/%2F?x=1&x=2&y=&z=%C3%A4",
        headers=[("X-Two", "1"), ("X-Two", "2"), ("Cookie", "a=1; b=2"), ("User-Agent", "tests")],
        base_url="http://localhost:8080",
    )

    event = calls.event
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /things/{id}/parts/{part}"
    assert event["pathParameters"] == {"id": "a b", "part": "/"}
    assert event["rawPath"] == "/things/a b/parts//"
    assert event["rawQueryString"] == "x=1&x=2&y=&z=%C3%A4"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "", "z": "ä"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-two"].replace(" ", "") == "1,2"
    assert "cookie" not in event["headers"]
    context = event["requestContext"]
    assert (context["domainName"], context["stage"]) == ("localhost:8080", "$default")
    assert context["http"] == {
        "method": "GET",
        "path": "/things/a b/parts//",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tests",
    }
    assert context["requestId"]
    assert context["timeEpoch"] > 1_700_000_000_000
    assert "body" not in event
    assert event["isBase64Encoded"] is False


def test_a_literal_segment_wins_over_a_parameter(client: Client, calls: Calls) -> None:
    client.get("/things/mine")

    assert calls.events[-1][0] == "Mine"


@pytest.mark.parametrize("path", ["/", "/things/", "/things//parts/1", "/things/1/parts", "/thingsx/1"])
def test_an_unknown_route_is_404(client: Client, path: str) -> None:
    assert message(client.get(path)) == (404, {"message": "Not Found"})


def test_a_known_path_with_another_method_is_404(client: Client) -> None:
    assert client.delete("/things/1").status_code == 404


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/plain", True),
        ("application/octet-stream", False),
        ("application/x-www-form-urlencoded", False),
        ("image/png", False),
    ],
)
def test_the_content_type_says_whether_a_body_is_base64(
    client: Client, calls: Calls, content_type: str, is_text: bool
) -> None:
    client.post("/things", data=b'{"a":1}', content_type=content_type)

    body = calls.event["body"]
    assert calls.event["isBase64Encoded"] is not is_text
    assert (body.encode() if is_text else base64.b64decode(body)) == b'{"a":1}'


def test_a_text_that_is_no_utf_8_is_base64(client: Client, calls: Calls) -> None:
    client.post("/things", data=b"\xff", content_type="application/json")

    assert calls.event["isBase64Encoded"] is True


def test_a_body_over_the_limit_is_413(client: Client, calls: Calls) -> None:
    answer = client.post("/things", data=b"x" * (BODY_LIMIT + 1), content_type="text/plain")

    assert message(answer) == (413, {"message": "Request Entity Too Large"})
    assert calls.events == []


def test_an_answer_becomes_the_response(client: Client, calls: Calls) -> None:
    calls.answer = {
        "statusCode": 201,
        "headers": {"Content-Type": "image/png", "X-Number": 5, "X-Flag": True},
        "cookies": ["a=1; Secure", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }

    answer = client.get("/things/1")

    assert (answer.status_code, answer.data) == (201, b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert (answer.headers["x-number"], answer.headers["x-flag"]) == ("5", "true")
    assert answer.headers.getlist("set-cookie") == ["a=1; Secure", "b=2"]


def test_a_relative_location_stays_as_it_is(client: Client, calls: Calls) -> None:
    calls.answer = {"statusCode": 303, "headers": {"location": "/elsewhere"}}

    assert client.get("/things/1").headers["location"] == "/elsewhere"


@pytest.mark.parametrize("answer", [{"ok": True}, [1, 2], "plain", None])
def test_an_answer_without_a_status_code_is_a_200_with_json(client: Client, calls: Calls, answer: Any) -> None:
    calls.answer = answer

    response = client.get("/things/1")

    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.text == (answer if isinstance(answer, str) else json.dumps(answer))


@pytest.mark.parametrize(
    "answer",
    [
        RuntimeError("secret"),
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_a_handler_that_fails_is_a_500_that_says_nothing(client: Client, calls: Calls, answer: Any) -> None:
    calls.answer = answer

    assert message(client.get("/things/1")) == (500, {"message": "Internal Server Error"})


def test_without_the_identity_source_nobody_is_asked(client: Client, calls: Calls) -> None:
    assert message(client.get("/guarded")) == (401, {"message": "Unauthorized"})
    assert calls.events == []


def test_the_function_learns_what_the_authorizer_said(client: Client, calls: Calls) -> None:
    client.get("/guarded", headers={"Authorization": "Bearer k"})

    (asked,) = calls.of("Door")
    assert (asked["version"], asked["type"], asked["identitySource"]) == ("2.0", "REQUEST", ["Bearer k"])
    assert asked["routeArn"].endswith("/$default/GET/guarded")
    assert calls.event["requestContext"]["authorizer"] == {"lambda": {"principal": "p"}}


def test_whom_the_authorizer_refuses_is_403(client: Client, calls: Calls) -> None:
    calls.verdict = {"isAuthorized": False}

    assert message(client.get("/guarded", headers={"Authorization": "k"})) == (403, {"message": "Forbidden"})
    assert calls.of("Echo") == []


@pytest.mark.parametrize("verdict", [RuntimeError("secret"), {"isAuthorized": "yes"}, None])
def test_an_authorizer_that_fails_is_500_and_nobody_passes(client: Client, calls: Calls, verdict: Any) -> None:
    calls.verdict = verdict

    answer = client.get("/guarded", headers={"Authorization": "k"})

    assert message(answer) == (500, {"message": "Internal Server Error"})
    assert calls.of("Echo") == []


def test_a_verdict_is_believed_for_as_long_as_declared(calls: Calls) -> None:
    now = [0.0]
    doors = Authorizers(API.authorizers, calls.invoke, clock=lambda: now[0])

    for moment, asked in ((0.0, 1), (59.0, 1), (61.0, 2)):
        now[0] = moment
        assert doors.refuse("Key", _event("k")) is None
        assert len(calls.of("Door")) == asked
    doors.refuse("Key", _event("other"))
    assert len(calls.of("Door")) == 3


def test_the_cache_can_be_off(calls: Calls) -> None:
    client = Client(Gateway(API, calls.invoke, caching=False))

    for _ in range(2):
        client.get("/guarded", headers={"Authorization": "k"})

    assert len(calls.of("Door")) == 2


def _event(key: str) -> dict[str, Any]:
    context = {"apiId": "a", "stage": "$default"}
    return {"headers": {"authorization": key}, "routeKey": "GET /guarded", "requestContext": context}


@pytest.fixture
def with_cors(calls: Calls) -> Client:
    cors = Cors(("https://a.example",), ("GET",), ("authorization",), ("retry-after",), 600)
    return Client(Gateway(Api(API.routes, API.authorizers, cors), calls.invoke))


def test_a_preflight_is_answered_by_the_front(with_cors: Client, calls: Calls) -> None:
    answer = with_cors.options("/guarded", headers={"Origin": "https://a.example"})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-allow-methods"] == "GET"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["access-control-max-age"] == "600"
    assert calls.events == []


@pytest.mark.parametrize("path", ["/things/1", "/guarded", "/unknown"])
def test_every_answer_says_that_an_allowed_origin_may_read_it(with_cors: Client, path: str) -> None:
    answer = with_cors.get(path, headers={"Origin": "https://a.example"})

    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-expose-headers"] == "retry-after"


def test_what_a_function_says_about_cors_is_replaced(with_cors: Client, calls: Calls) -> None:
    calls.answer = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}

    assert "access-control-allow-origin" not in with_cors.get("/things/1").headers


def test_without_cors_options_is_404(client: Client) -> None:
    assert client.options("/things/1", headers={"Origin": "https://a.example"}).status_code == 404


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (None, []),
        ({}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": [{"itemIdentifier": "2"}]}, ["2"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["1", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, ["1", "2"]),
    ],
)
def test_messages_that_a_function_names_as_failed_stay_in_the_queue(answer: Any, left: list[str]) -> None:
    assert succeeded(["1", "2"], answer) == {"1", "2"} - set(left)
