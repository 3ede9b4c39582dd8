"""Access tokens from the provider's keys to the verifications that their subject may see."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from bridge.auth.jwks import MAX_BYTES, KeySet, http_fetcher
from bridge.dependencies import Dependencies
from bridge.domain.caller import READ, READ_ALL
from bridge.domain.errors import StorageUnavailable
from bridge.observability import logger
from bridge.settings import Settings
from tests.integration.harness import WANTED, http_event
from tests.integration.raw_server import RawServer, dripping
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.serving import Server
from tests.sandbox.signing import jwk
from tests.unit.tokens import ISSUER, token


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def _serve(server: Server, response: Response) -> str:
    server.start(Request.application(lambda request: response))
    return server.url


def test_the_keys_come_over_http(server: Server) -> None:
    url = _serve(server, Response(json.dumps({"keys": [jwk("rsa-1")]})))
    assert KeySet(http_fetcher(url)).find("rsa-1") is not None


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response("{}", status=500), "status 500"),
        (Response("", status=302, headers={"Location": "http://127.0.0.1:1/"}), "status 302"),
        (Response(b"x" * (MAX_BYTES + 1)), "too large"),
        (Response("not found", status=404), "status 404"),
    ],
)
def test_a_response_that_is_not_the_keys_is_a_failure(server: Server, response: Response, code: str) -> None:
    with pytest.raises(StorageUnavailable) as failed:
        http_fetcher(_serve(server, response))()
    assert failed.value.code == code


def test_a_redirect_larger_than_any_key_set_is_not_read_to_its_end() -> None:
    endless = dripping(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", bytes(MAX_BYTES), seconds=0.01)
    with RawServer(endless) as server, pytest.raises(StorageUnavailable) as failed:
        http_fetcher(server.url)()
    assert failed.value.code == "status 302"


def test_an_unreachable_provider_is_a_failure() -> None:
    with pytest.raises(StorageUnavailable):
        http_fetcher("http://127.0.0.1:1/jwks.json")()


@pytest.fixture
def trusting(deps: Dependencies, server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The bridge trusts a provider whose keys are served here."""
    monkeypatch.setenv("JWT_ISSUER", ISSUER.issuer)
    monkeypatch.setenv("JWT_AUDIENCE", ISSUER.audiences[0])
    monkeypatch.setenv("JWT_ALGORITHMS", ",".join(ISSUER.algorithms))
    monkeypatch.setenv("JWKS_URL", _serve(server, Response(json.dumps({"keys": [jwk("rsa-1")]}))))
    deps.settings = Settings()
    return server


Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(sandbox: Sandbox, trusting: Server) -> Call:
    """A request with a token, by the authorizer and then by the function, as API Gateway goes about it."""

    def call(method: str, path: str, presented: str, body: Any = None) -> dict[str, Any]:
        event = http_event(method, path)
        event["headers"] = {"authorization": f"Bearer {presented}", "content-type": "application/json"}
        said = sandbox.invoke("AuthorizeFunction", {**event, "type": "REQUEST"})
        if not said["isAuthorized"]:
            return {"statusCode": 403}
        event["requestContext"]["authorizer"] = {"lambda": said["context"]}
        if body is not None:
            event["body"] = json.dumps(body)
        response: dict[str, Any] = sandbox.invoke("VerificationsFunction", event)
        return response

    return call


def test_a_subject_sees_its_own_verifications_alone(call: Call, sandbox: Sandbox) -> None:
    created = call("POST", "/verifications", token(sub="mia"), WANTED)
    assert created["statusCode"] == 201
    path = f"/verifications/{json.loads(created['body'])['id']}"

    assert call("GET", path, token(sub="mia"))["statusCode"] == 200
    for other in (token(sub="tom"), token(sub="Mia"), token(sub="jwt|mia")):
        assert call("GET", path, other)["statusCode"] == 404


def test_a_key_of_that_name_does_not_see_a_subjects_verifications(
    call: Call, sandbox: Sandbox, deps: Dependencies
) -> None:
    created = call("POST", "/verifications", token(sub="web"), WANTED)
    path = f"/verifications/{json.loads(created['body'])['id']}"
    key = sandbox.add_key("web", [READ])
    assert call("GET", path, key)["statusCode"] == 404


def test_a_token_may_have_the_scope_too(call: Call) -> None:
    created = call("POST", "/verifications", token(sub="mia"), WANTED)
    path = f"/verifications/{json.loads(created['body'])['id']}"
    assert call("GET", path, token(sub="backend", scope=f"{READ} {READ_ALL}"))["statusCode"] == 200


def test_a_scope_that_was_not_granted_is_missing(call: Call) -> None:
    response = call("POST", "/verifications", token(scope=READ), WANTED)
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("presented", [token(exp=1), token("rsa-9"), token(aud="x"), "a.b.c", f"{token()},{token()}"])
def test_a_bad_token_is_turned_away(call: Call, presented: str) -> None:
    assert call("GET", "/verifications/ver_x", presented) == {"statusCode": 403}


def test_the_subject_is_in_no_log(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    presented = token(sub="mia@example.com")
    call("POST", "/verifications", presented, WANTED)
    assert "created" in log.getvalue()
    for word in ("mia@example.com", presented, presented.split(".")[2]):
        assert word not in log.getvalue()


def test_where_no_provider_is_trusted_no_token_is_even_read(
    sandbox: Sandbox, deps: Dependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_ISSUER", "")
    deps.settings = Settings()
    event = http_event("GET", "/verifications/ver_x") | {"type": "REQUEST"}
    event["headers"] = {"authorization": f"Bearer {token()}"}
    assert sandbox.invoke("AuthorizeFunction", event) == {"isAuthorized": False}
    assert "verify_access_token" not in vars(deps)
