"""Access tokens: fetching the provider's keys, and the verifications that a subject can access."""

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
from bridge.settings import Settings
from tests.integration.functions import CREATE_BODY, http_event
from tests.integration.raw_server import RawServer, dripping
from tests.sandbox.access_tokens import ISSUER, token
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.serving import Server
from tests.sandbox.signing import jwk


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def _serve(server: Server, response: Response) -> str:
    server.start(Request.application(lambda request: response))
    return server.url


def test_keys_are_fetched_over_http(server: Server) -> None:
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
def test_a_response_without_keys_raises(server: Server, response: Response, code: str) -> None:
    with pytest.raises(StorageUnavailable) as failed:
        http_fetcher(_serve(server, response))()
    assert failed.value.code == code


def test_an_oversized_redirect_of_the_provider_is_not_read_to_its_end() -> None:
    endless = dripping(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", bytes(MAX_BYTES), seconds=0.01)
    with RawServer(endless) as server, pytest.raises(StorageUnavailable) as failed:
        http_fetcher(server.url)()
    assert failed.value.code == "status 302"


def test_an_unreachable_provider_raises() -> None:
    with pytest.raises(StorageUnavailable):
        http_fetcher("http://127.0.0.1:1/jwks.json")()


@pytest.fixture
def trusting(deps: Dependencies, server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Makes the bridge trust a provider whose keys this server serves."""
    monkeypatch.setenv("JWT_ISSUER", ISSUER.issuer)
    monkeypatch.setenv("JWT_AUDIENCE", ISSUER.audiences[0])
    monkeypatch.setenv("JWT_ALGORITHMS", ",".join(ISSUER.algorithms))
    monkeypatch.setenv("JWKS_URL", _serve(server, Response(json.dumps({"keys": [jwk("rsa-1")]}))))
    deps.settings = Settings()
    return server


Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(sandbox: Sandbox, trusting: Server) -> Call:
    """Sends a request with a token to the authorizer and then to the function, as API Gateway does."""

    def call(method: str, path: str, presented: str, body: Any = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {presented}", "content-type": "application/json"}
        event = http_event(method, path, headers=headers)
        decision = sandbox.invoke("AuthorizeFunction", event)
        if not decision["isAuthorized"]:
            return {"statusCode": 403}
        event["requestContext"]["authorizer"] = {"lambda": decision["context"]}
        if body is not None:
            event["body"] = json.dumps(body)
        response: dict[str, Any] = sandbox.invoke("VerificationsFunction", event)
        return response

    return call


def test_a_subject_sees_only_its_own_verifications(call: Call, sandbox: Sandbox) -> None:
    created = call("POST", "/verifications", token(sub="mia"), CREATE_BODY)
    assert created["statusCode"] == 201
    path = f"/verifications/{json.loads(created['body'])['id']}"

    assert call("GET", path, token(sub="mia"))["statusCode"] == 200
    for other in (token(sub="tom"), token(sub="Mia"), token(sub="jwt|mia")):
        assert call("GET", path, other)["statusCode"] == 404


def test_a_key_named_like_a_subject_does_not_see_its_verifications(
    call: Call, sandbox: Sandbox, deps: Dependencies
) -> None:
    created = call("POST", "/verifications", token(sub="web"), CREATE_BODY)
    path = f"/verifications/{json.loads(created['body'])['id']}"
    key = sandbox.add_key("web", [READ])
    assert call("GET", path, key)["statusCode"] == 404


def test_a_token_can_have_the_scope_read_all(call: Call) -> None:
    created = call("POST", "/verifications", token(sub="mia"), CREATE_BODY)
    path = f"/verifications/{json.loads(created['body'])['id']}"
    assert call("GET", path, token(sub="backend", scope=f"{READ} {READ_ALL}"))["statusCode"] == 200


def test_a_token_without_the_scope_gets_403(call: Call) -> None:
    response = call("POST", "/verifications", token(scope=READ), CREATE_BODY)
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("presented", [token(exp=1), token("rsa-9"), token(aud="x"), "a.b.c", f"{token()},{token()}"])
def test_a_bad_token_is_denied(call: Call, presented: str) -> None:
    assert call("GET", "/verifications/ver_x", presented) == {"statusCode": 403}


def test_the_subject_is_in_no_log(call: Call, log: io.StringIO) -> None:
    presented = token(sub="mia@example.com")
    call("POST", "/verifications", presented, CREATE_BODY)
    assert "created" in log.getvalue()
    for word in ("mia@example.com", presented, presented.split(".")[2]):
        assert word not in log.getvalue()


def test_without_a_trusted_provider_no_token_is_read(
    sandbox: Sandbox, deps: Dependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_ISSUER", "")
    deps.settings = Settings()
    event = http_event("GET", "/verifications/ver_x", headers={"authorization": f"Bearer {token()}"})
    assert sandbox.invoke("AuthorizeFunction", event) == {"isAuthorized": False}
    assert "verify_access_token" not in vars(deps)
