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
from tests.integration.harness import Aws, Clock, http_event
from tests.sandbox.functions import FunctionError
from tests.sandbox.keys import PRINCIPAL
from tests.sandbox.sandbox import Sandbox

KEY = "ek_" + "k" * 43

Ask = Callable[[str | None], dict[str, Any]]


@pytest.fixture
def ask(sandbox: Sandbox, deps: Dependencies) -> Ask:
    def ask(authorization: str | None) -> dict[str, Any]:
        event = http_event("GET", "/verifications/ver_x") | {"type": "REQUEST", "routeArn": "arn"}
        if authorization is not None:
            event["headers"] = {"Authorization": authorization}
            event["identitySource"] = [authorization]
        response: dict[str, Any] = sandbox.invoke("AuthorizeFunction", event)
        return response

    return ask


@pytest.fixture
def put(sandbox: Sandbox, deps: Dependencies) -> Callable[[Any], None]:
    """Puts a text, or a value as JSON, where the keys are."""
    arn = deps.settings.api_keys_secret_arn

    def put(value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)

    return put


def entry(**changes: Any) -> dict[str, Any]:
    sha256 = hashlib.sha256(KEY.encode()).hexdigest()
    return {"key_id": KEY[-4:], "sha256": sha256, "principal": "web", "scopes": [SCOPES[0]]} | changes


def test_a_valid_key_gives_principal_scopes_and_key_id(sandbox: Sandbox, ask: Ask) -> None:
    for scheme in ("Bearer", "bearer"):
        assert ask(f"{scheme} {sandbox.api_key}") == {
            "isAuthorized": True,
            "context": {"principal": PRINCIPAL, "scopes": " ".join(SCOPES), "key_id": sandbox.api_key[-4:]},
        }


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", KEY, "Bearer a b", f"Bearer {KEY}\n"]
)
def test_no_key_is_not_authorized_and_no_secret_is_read(ask: Ask, aws: Aws, authorization: str | None) -> None:
    assert ask(authorization) == {"isAuthorized": False}
    assert aws.calls == []


def test_a_header_larger_than_any_token_is_not_parsed(
    ask: Ask, aws: Aws, monkeypatch: pytest.MonkeyPatch, deps: Dependencies
) -> None:
    seen: list[str] = []
    monkeypatch.setenv("JWT_ISSUER", "https://id.example.com/")
    vars(deps)["verify_access_token"] = seen.append
    largest = MAX_AUTHORIZATION_LENGTH - len("Bearer a.b.")

    ask(f"Bearer a.b.{'c' * (largest + 1)}")
    assert seen == []
    ask(f"Bearer a.b.{'c' * largest}")
    assert len(seen) == 1
    assert aws.calls == []


def test_an_unknown_key_is_not_authorized(sandbox: Sandbox, ask: Ask) -> None:
    for key in (KEY, sandbox.api_key[:-1], sandbox.api_key + "x", sandbox.api_key.upper()):
        assert ask(f"Bearer {key}") == {"isAuthorized": False}


@pytest.mark.parametrize(
    "value",
    [" ", "no json", "[]", '{"keys": [],}', {}, {"keys": None}, {"keys": {KEY: "web"}}, {"key": [entry()]}],
    ids=json.dumps,
)
def test_a_malformed_secret_is_a_failure_which_no_cache_keeps(ask: Ask, put: Callable[[Any], None], value: Any) -> None:
    """API Gateway keeps a refusal, and no failure."""
    put(value)

    with pytest.raises(FunctionError):
        ask(f"Bearer {KEY}")


@pytest.mark.parametrize("happens", ["a stray comma", "Secrets Manager away"])
def test_keys_work_for_an_hour_while_the_secret_cannot_be_read(
    ask: Ask, put: Callable[[Any], None], aws: Aws, clock: Clock, monkeypatch: pytest.MonkeyPatch, happens: str
) -> None:
    monkeypatch.setattr(secrets, "MAX_AGE", 0)
    ends = clock() + timedelta(minutes=59)
    other = "ek_" + "o" * 43
    sha256 = hashlib.sha256(other.encode()).hexdigest()
    put({"keys": [entry(), entry(sha256=sha256, key_id="oooo", expires_at=ends.isoformat())]})
    assert ask(f"Bearer {KEY}")["isAuthorized"]
    if happens == "a stray comma":
        put('{"keys": [],}')
    else:
        aws.refuse("secretsmanager.GetSecretValue", times=2)

    clock.advance(59 * 60 - 1)
    assert [ask(f"Bearer {key}")["isAuthorized"] for key in (KEY, other, "ek_" + "x" * 43)] == [True, True, False]
    clock.advance(1)
    assert [ask(f"Bearer {key}")["isAuthorized"] for key in (KEY, other)] == [True, False]
    clock.advance(60)
    with pytest.raises(FunctionError):
        ask(f"Bearer {KEY}")
