"""`make webhook…` writes endpoints that deliver accepts."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bridge.cli import webhooks
from bridge.cli.endpoints_secret import EndpointsSecret
from bridge.dependencies import Dependencies
from bridge.domain.webhooks import is_secret, parse_endpoints
from tests.integration.two_operators import Interrupted, Repeating
from tests.sandbox.sandbox import Sandbox

URL = "https://crm.example.com/hook?token=canary"
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def arn(deps: Dependencies) -> str:
    return deps.settings.webhook_endpoints_secret_arn


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; returns what it prints on stdout and on stderr."""

    def run(*arguments: str) -> tuple[str, str]:
        capsys.readouterr()
        webhooks.main(arguments)
        printed = capsys.readouterr()
        return printed.out.strip(), printed.err

    return run


def entries(sandbox: Sandbox, arn: str) -> list[Any]:
    value = sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    listed: list[Any] = json.loads(value)["endpoints"]
    return listed


def put(sandbox: Sandbox, arn: str, text: str) -> None:
    sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs the command, which must fail; returns its exit code and what it prints on stderr."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        webhooks.main(arguments)
    printed = capsys.readouterr()
    assert (bool(ended.value.code), printed.out) == (True, "")
    return f"{ended.value.code} {printed.err}"


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(sandbox: Sandbox, arn: str, run: Run) -> None:
    # The order of `make webhook`.
    args = ("--secret", arn, "--principal", "web", "--events", "verification.verified", "verification.failed")
    shown, _ = run("add", "crm", URL, *args)
    assert is_secret(shown)
    (entry,) = entries(sandbox, arn)
    assert entry == {
        "name": "crm",
        "url": URL,
        "secrets": [shown],
        "events": ["verification.verified", "verification.failed"],
        "principal": "web",
    }
    assert list(parse_endpoints({"endpoints": [entry]}).by_name) == ["crm"]


def test_replacing_an_endpoint_leaves_the_others_unchanged(sandbox: Sandbox, arn: str, run: Run) -> None:
    put(
        sandbox, arn, json.dumps({"endpoints": ["canary", {"name": "crm"}, {"name": "other", "x": 1}, {"name": "crm"}]})
    )
    shown, printed = run("add", "crm", URL, "--secret", arn)
    assert "Replaced" in printed
    assert entries(sandbox, arn) == [
        "canary",
        {"name": "other", "x": 1},
        {"name": "crm", "url": URL, "secrets": [shown]},
    ]
    assert run("add", "crm", URL, "--secret", arn)[0] != shown


def test_without_a_secret_the_entry_is_printed(run: Run) -> None:
    shown, _ = run("add", "crm", URL)
    assert list(parse_endpoints({"endpoints": [json.loads(shown)]}).by_name) == ["crm"]


def test_a_rotation_keeps_both_secrets_until_it_is_finished(
    sandbox: Sandbox, arn: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = run("add", "crm", URL, "--secret", arn)
    run("add", "other", URL, "--secret", arn)
    second, _ = run("rotate", "crm", "--secret", arn)
    assert entries(sandbox, arn)[0]["secrets"] == [second, first]
    assert "Finish that rotation first" in refused(capsys, "rotate", "crm", "--secret", arn)
    assert run("rotate", "crm", "--finish", "--secret", arn)[0] == ""
    assert entries(sandbox, arn)[0]["secrets"] == [second]
    assert len(entries(sandbox, arn)) == 2
    # It may have leaked, and nobody may believe that it was dropped.
    assert "has one secret only" in refused(capsys, "rotate", "crm", "--finish", "--secret", arn)
    assert entries(sandbox, arn)[0]["secrets"] == [second]


@pytest.mark.parametrize(
    "command", [["add", "new", URL], ["rotate", "crm"], ["rotate", "crm", "--finish"], ["remove", "crm"]]
)
def test_what_somebody_else_changes_meanwhile_stays(
    sandbox: Sandbox, arn: str, run: Run, monkeypatch: pytest.MonkeyPatch, command: Sequence[str]
) -> None:
    crm = {"name": "crm", "url": URL, "secrets": [webhooks.new_secret() for _ in range(1 + ("--finish" in command))]}
    put(sandbox, arn, json.dumps({"endpoints": [crm, {"name": "left"}]}))
    # The entries are then in another order, too.
    others = {"endpoints": [{"name": "other", "x": 1}, crm], "x": 1}
    client = sandbox.client("secretsmanager")
    interrupted = Interrupted(client, lambda: put(sandbox, arn, json.dumps(others)))
    monkeypatch.setattr(webhooks, "secrets_client", lambda _: interrupted)

    shown, _ = run(*command, "--secret", arn)

    expected: dict[str, list[Any]] = {
        "add": [crm, {"name": "new", "url": URL, "secrets": [shown]}],
        "rotate": [crm | {"secrets": [shown, *crm["secrets"]] if shown else crm["secrets"][:1]}],
        "remove": [],
    }
    assert entries(sandbox, arn) == [{"name": "other", "x": 1}, *expected[command[0]]]
    assert json.loads(client.get_secret_value(SecretId=arn)["SecretString"])["x"] == 1


def test_a_rotation_is_refused_if_somebody_else_begins_one_meanwhile(
    sandbox: Sandbox, arn: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", "crm", URL, "--secret", arn)
    client = sandbox.client("secretsmanager")
    theirs: list[str] = []

    def rotate() -> None:
        with monkeypatch.context() as uninterrupted:
            uninterrupted.setattr(webhooks, "secrets_client", lambda _: client)
            theirs.append(run("rotate", "crm", "--secret", arn)[0])

    interrupted = Interrupted(client, rotate)
    monkeypatch.setattr(webhooks, "secrets_client", lambda _: interrupted)

    assert "Finish that rotation first" in refused(capsys, "rotate", "crm", "--secret", arn)
    assert entries(sandbox, arn)[0]["secrets"][:1] == theirs


@pytest.mark.parametrize("command", [["add", "new", URL], ["rotate", "crm"], ["remove", "crm"]])
def test_a_change_is_made_once_if_its_response_is_lost_and_somebody_else_changes_the_secret(
    sandbox: Sandbox, arn: str, run: Run, monkeypatch: pytest.MonkeyPatch, command: Sequence[str]
) -> None:
    crm = {"name": "crm", "url": URL, "secrets": [webhooks.new_secret()]}
    put(sandbox, arn, json.dumps({"endpoints": [crm]}))
    client = sandbox.client("secretsmanager")
    adding = EndpointsSecret(client, arn)
    repeating = Repeating(client, lambda: adding.replace("other", {"name": "other"}))
    monkeypatch.setattr(webhooks, "secrets_client", lambda _: repeating)

    shown, _ = run(*command, "--secret", arn)

    expected: dict[str, list[Any]] = {
        "add": [crm, {"name": "new", "url": URL, "secrets": [shown]}],
        "rotate": [crm | {"secrets": [shown, *crm["secrets"]]}],
        "remove": [],
    }
    assert entries(sandbox, arn) == [*expected[command[0]], {"name": "other"}]


def test_an_endpoint_is_removed(sandbox: Sandbox, arn: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("add", "crm", URL, "--secret", arn)
    run("remove", "crm", "--secret", arn)
    assert entries(sandbox, arn) == []
    assert "There is no endpoint crm" in refused(capsys, "remove", "crm", "--secret", arn)


def test_the_list_has_names_and_problems_and_nothing_secret(
    sandbox: Sandbox, arn: str, run: Run, deps: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    table = deps.settings.endpoints_table_name
    assert run("list", "--secret", arn) == ("", "There are no endpoints.\n")
    run("add", "crm", URL, "--secret", arn, "--principal", "web", "--events", "verification.failed")
    run("add", "gone", URL, "--secret", arn)
    put(sandbox, arn, json.dumps({"endpoints": [*entries(sandbox, arn), {"name": "bad", "secrets": ["whsec_canary"]}]}))
    deps.endpoint_switches.disable("gone", "it responded 410", deps.now())
    shown, _ = run("list", "--secret", arn, "--table", table)
    assert shown.splitlines()[:2] == [
        "crm: https://crm.example.com events: verification.failed principal: web secrets: 1",
        "gone: https://crm.example.com events: all principal: all secrets: 1 OFF: it responded 410",
    ]
    assert shown.splitlines()[2].startswith("bad: OFF: url is not")
    assert not any(text in shown for text in ("canary", "whsec_"))

    assert "crm is not off" in refused(capsys, "enable", "crm", "--table", table)
    run("enable", "gone", "--table", table)
    assert "410" not in run("list", "--secret", arn, "--table", table)[0]


@pytest.mark.parametrize("malformed", ['{"endpoints": [],}', "[]", "{}", '{"endpoints": {}}', "canary"])
@pytest.mark.parametrize(
    "command", [["add", "crm", URL], ["rotate", "crm"], ["remove", "crm"], ["list"]], ids=lambda it: it[0]
)
def test_a_malformed_secret_is_rejected_and_stays_unchanged(
    sandbox: Sandbox, arn: str, capsys: pytest.CaptureFixture[str], malformed: str, command: Sequence[str]
) -> None:
    put(sandbox, arn, malformed)
    printed = refused(capsys, *command, "--secret", arn)
    assert "Repair it first" in printed
    assert "canary" not in printed
    assert sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == malformed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "CRM", URL), "1 to 40 of a-z"),
        (("add", "", URL), "1 to 40 of a-z"),
        (("add", "crm", ""), "url is not"),
        (("add", "crm", "http://crm.example.com"), "not https"),
        (("add", "crm", "http://127.0.0.1:5000/"), "not https"),
        (("add", "crm", "https://user:canary@crm.example.com/"), "url is not"),
        (("add", "crm", "https://10.0.0.1/"), "public address"),
        (("add", "crm", "https://crm.example.com:9000/"), "port other than"),
        (("add", "crm", URL, "--events", "verification.done"), "verification.verified"),
        (("add", "crm", URL, "--principal", ""), "principal"),
        (("rotate", "crm"), "--secret"),
        (("enable", "crm"), "--table"),
        ((), "add|rotate"),
    ],
)
def test_invalid_arguments_are_rejected_with_a_reason(
    sandbox: Sandbox, arn: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    given = (*arguments, "--secret", arn) if arguments[:1] == ("add",) else arguments
    assert words in refused(capsys, *given)
    assert entries(sandbox, arn) == []


@pytest.mark.parametrize(
    ("listed", "words"), [([], "There is no endpoint crm"), ([{"name": "crm", "url": "canary"}], "crm is malformed")]
)
def test_a_missing_or_malformed_endpoint_is_not_rotated(
    sandbox: Sandbox, arn: str, capsys: pytest.CaptureFixture[str], listed: list[Any], words: str
) -> None:
    put(sandbox, arn, json.dumps({"endpoints": listed}))
    assert words in refused(capsys, "rotate", "crm", "--secret", arn)
    assert entries(sandbox, arn) == listed
