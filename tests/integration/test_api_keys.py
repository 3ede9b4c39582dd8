"""`make api-key` makes a key that the authorizer accepts, and a secret that has only its hash."""

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bridge.cli import api_keys
from bridge.dependencies import Dependencies
from bridge.domain.caller import SCOPES
from bridge.use_cases.authorize import authorize
from tests.clock import Clock
from tests.integration.two_operators import Interrupted, Repeating
from tests.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("deps")


def make_key(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Returns what the command prints on stdout: only the key."""
    api_keys.main(arguments)
    return capsys.readouterr().out.strip()


def secret_of(sandbox: Sandbox) -> tuple[str, Any]:
    """Returns the ARN of the secret with the keys, and its value."""
    arn = sandbox.stack.resources["ApiKeysSecret"]
    return arn, json.loads(sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_an_added_key_has_its_principal_and_scopes(
    sandbox: Sandbox, deps: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, before = secret_of(sandbox)
    # The order of `make api-key`.
    key = make_key(capsys, "web", "--secret", arn, "--expires", "2999-01-31T00:00:00Z", "verifications:read")
    caller = authorize(deps, f"Bearer {key}")
    assert caller is not None
    assert (caller.principal, caller.scopes, caller.key_id) == ("web", ("verifications:read",), key[-4:])
    after = secret_of(sandbox)[1]
    assert after["keys"][:-1] == before["keys"]
    assert key not in json.dumps(after)


def test_without_a_secret_the_entry_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    api_keys.main(["web"])
    shown = capsys.readouterr()
    entry = json.loads(shown.err.splitlines()[1])
    assert entry["scopes"] == ["verifications:write", "verifications:read"]
    assert shown.out.strip() not in shown.err


@pytest.mark.parametrize("malformed", ['{"keys": [],}', "[]", "{}", '{"keys": {}}', "canary"])
def test_a_malformed_secret_stays_unchanged_and_no_key_is_printed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], malformed: str
) -> None:
    arn, _ = secret_of(sandbox)
    client = sandbox.client("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString=malformed)
    with pytest.raises(SystemExit) as ended:
        api_keys.main(["web", "--secret", arn])
    assert "Repair it first" in str(ended.value.code)
    assert capsys.readouterr().out == ""
    assert client.get_secret_value(SecretId=arn)["SecretString"] == malformed


def test_a_key_that_somebody_else_adds_meanwhile_stays(
    sandbox: Sandbox, deps: Dependencies, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, before = secret_of(sandbox)
    client = sandbox.client("secretsmanager")
    others = [api_keys.make("mobile", SCOPES) for _ in range(2)]
    adding = [lambda entry=entry: api_keys.add(client, arn, entry) for _, entry in others]
    monkeypatch.setattr(api_keys, "secrets_client", lambda _: Interrupted(client, *adding))

    key = make_key(capsys, "web", "--secret", arn)

    assert all(authorize(deps, f"Bearer {each}") for each in (key, *(other for other, _ in others)))
    assert len(secret_of(sandbox)[1]["keys"]) == len(before["keys"]) + 3
    # A secret may have 20 labels.
    labels = client.describe_secret(SecretId=arn)["VersionIdsToStages"].values()
    assert sum(not label.startswith("AWS") for of_version in labels for label in of_version) == 1


def test_no_key_is_added_if_the_secret_never_stays_the_same(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, before = secret_of(sandbox)
    client = sandbox.client("secretsmanager")
    writes = [lambda: client.put_secret_value(SecretId=arn, SecretString=json.dumps(before))] * 100
    monkeypatch.setattr(api_keys, "secrets_client", lambda _: Interrupted(client, *writes))

    with pytest.raises(SystemExit, match="nothing was changed"):
        api_keys.main(["web", "--secret", arn])

    assert capsys.readouterr().out == ""
    assert secret_of(sandbox)[1] == before


def test_a_key_is_added_once_if_the_response_is_lost(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, before = secret_of(sandbox)
    monkeypatch.setattr(api_keys, "secrets_client", lambda _: Repeating(sandbox.client("secretsmanager")))

    key = make_key(capsys, "web", "--secret", arn)

    (added,) = secret_of(sandbox)[1]["keys"][len(before["keys"]) :]
    assert added["key_id"] == key[-4:]


def test_two_keys_are_never_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_key(capsys, "web") != make_key(capsys, "web")


@pytest.mark.parametrize("arguments", [["web", "verifications:everything"], [""], []])
def test_invalid_arguments_are_rejected(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        api_keys.main(arguments)
    assert refused.value.code == 2
    assert capsys.readouterr().out == ""


def test_the_command_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bridge.cli.api_keys", "web"])
    api_keys.main()
    assert capsys.readouterr().out.startswith("ek_")


def test_a_key_is_rotated_without_an_outage(
    sandbox: Sandbox, deps: Dependencies, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    arn, _ = secret_of(sandbox)
    ends = clock() + timedelta(hours=1)
    # The command refuses an expiry that is past by the real clock.
    first, entry = api_keys.make("web", SCOPES, ends.isoformat())
    api_keys.add(sandbox.client("secretsmanager"), arn, entry)
    second = make_key(capsys, "web", "--secret", arn)

    def are_accepted() -> list[bool]:
        return [authorize(deps, f"Bearer {key}") is not None for key in (first, second)]

    assert are_accepted() == [True, True]
    clock.advance(3600)
    assert are_accepted() == [False, True]


@pytest.mark.parametrize("expires", ["tomorrow", "2999-01-31T00:00:00", "2026-01-31T00:00:00Z"])
def test_an_invalid_expiry_makes_no_key(capsys: pytest.CaptureFixture[str], expires: str) -> None:
    with pytest.raises(SystemExit):
        api_keys.main(["web", "--expires", expires])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "with a time zone" in printed.err


def test_a_key_cannot_have_the_principal_of_a_token(
    sandbox: Sandbox, deps: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        api_keys.main(["jwt|mia"])
    key, entry = api_keys.make("jwt|mia", ["verifications:read"])
    api_keys.add(sandbox.client("secretsmanager"), secret_of(sandbox)[0], entry)
    assert authorize(deps, f"Bearer {key}") is None
