"""The authorizer, called as API Gateway calls it."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge.aws import secrets
from bridge.dependencies import Dependencies
from bridge.domain.caller import SCOPES
from bridge.use_cases.authorize import MAX_AUTHORIZATION_LENGTH
from tests.clock import Clock
from tests.integration.fakes import Aws
from tests.integration.functions import http_event
from tests.sandbox.functions import FunctionError
from tests.sandbox.keys import PRINCIPAL
from tests.sandbox.sandbox import Sandbox

KEY = "ek_" + "k" * 43

Authorize = Callable[[str | None], dict[str, Any]]


@pytest.fixture
def authorize(sandbox: Sandbox, deps: Dependencies) -> Authorize:
    def authorize(authorization: str | None) -> dict[str, Any]:
        event = http_event("GET", "/verifications/ver_x") | {"type": "REQUEST", "routeArn": "arn"}
        if authorization is not None:
            event["headers"] = {"Authorization": authorization}
            event["identitySource"] = [authorization]
        response: dict[str, Any] = sandbox.invoke("AuthorizeFunction", event)
        return response

    return authorize


@pytest.fixture
def put(sandbox: Sandbox, deps: Dependencies) -> Callable[[Any], None]:
    """Writes text, or a value as JSON, to the secret with the keys."""
    arn = deps.settings.api_keys_secret_arn

    def put(value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)

    return put


def entry(**changes: Any) -> dict[str, Any]:
    sha256 = hashlib.sha256(KEY.encode()).hexdigest()
    return {"key_id": KEY[-4:], "sha256": sha256, "principal": "web", "scopes": [SCOPES[0]]} | changes


def test_a_valid_key_returns_principal_scopes_and_key_id(sandbox: Sandbox, authorize: Authorize) -> None:
    for scheme in ("Bearer", "bearer"):
        assert authorize(f"{scheme} {sandbox.api_key}") == {
            "isAuthorized": True,
            "context": {"principal": PRINCIPAL, "scopes": " ".join(SCOPES), "key_id": sandbox.api_key[-4:]},
        }


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", KEY, "Bearer a b", f"Bearer {KEY}\n"]
)
def test_without_a_key_access_is_denied_and_no_secret_is_read(
    authorize: Authorize, aws: Aws, authorization: str | None
) -> None:
    assert authorize(authorization) == {"isAuthorized": False}
    assert aws.calls == []


def test_a_header_larger_than_any_token_is_not_parsed(
    authorize: Authorize, aws: Aws, monkeypatch: pytest.MonkeyPatch, deps: Dependencies
) -> None:
    seen: list[str] = []
    monkeypatch.setenv("JWT_ISSUER", "https://id.example.com/")
    vars(deps)["verify_access_token"] = seen.append
    largest = MAX_AUTHORIZATION_LENGTH - len("Bearer a.b.")

    authorize(f"Bearer a.b.{'c' * (largest + 1)}")
    assert seen == []
    authorize(f"Bearer a.b.{'c' * largest}")
    assert len(seen) == 1
    assert aws.calls == []


def test_an_unknown_key_is_not_authorized(sandbox: Sandbox, authorize: Authorize) -> None:
    for key in (KEY, sandbox.api_key[:-1], sandbox.api_key + "x", sandbox.api_key.upper()):
        assert authorize(f"Bearer {key}") == {"isAuthorized": False}


@pytest.mark.parametrize(
    "value",
    [" ", "no json", "[]", '{"keys": [],}', {}, {"keys": None}, {"keys": {KEY: "web"}}, {"key": [entry()]}],
    ids=json.dumps,
)
def test_a_malformed_secret_raises_instead_of_denying(
    authorize: Authorize, put: Callable[[Any], None], value: Any
) -> None:
    """API Gateway caches a denial, but not a failure."""
    put(value)

    with pytest.raises(FunctionError):
        authorize(f"Bearer {KEY}")


@pytest.mark.parametrize("problem", ["a stray comma", "Secrets Manager unreachable"])
def test_keys_work_for_an_hour_while_the_secret_cannot_be_read(
    authorize: Authorize,
    put: Callable[[Any], None],
    aws: Aws,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    problem: str,
) -> None:
    monkeypatch.setattr(secrets, "MAX_AGE", 0)
    ends = clock() + timedelta(minutes=59)
    other = "ek_" + "o" * 43
    sha256 = hashlib.sha256(other.encode()).hexdigest()
    put({"keys": [entry(), entry(sha256=sha256, key_id="oooo", expires_at=ends.isoformat())]})
    assert authorize(f"Bearer {KEY}")["isAuthorized"]
    if problem == "a stray comma":
        put('{"keys": [],}')
    else:
        aws.refuse("secretsmanager.GetSecretValue", times=2)

    clock.advance(59 * 60 - 1)
    assert [authorize(f"Bearer {key}")["isAuthorized"] for key in (KEY, other, "ek_" + "x" * 43)] == [True, True, False]
    clock.advance(1)
    assert [authorize(f"Bearer {key}")["isAuthorized"] for key in (KEY, other)] == [True, False]
    clock.advance(60)
    with pytest.raises(FunctionError):
        authorize(f"Bearer {KEY}")
