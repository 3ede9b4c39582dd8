"""The pages' make commands for operators, run against the sandbox."""

import json
import re
import shlex

import pytest

from tests.contract.commands import Shell, run_by, secret
from tests.sandbox.sandbox import Sandbox


def test_an_api_key_is_made_as_the_readme_says(shell: Shell, sandbox: Sandbox) -> None:
    before = secret(sandbox, "ApiKeysSecretArn")["keys"]
    (command,) = run_by("api-key", "README.md")

    key = shell.run(command).strip()

    *others, made = secret(sandbox, "ApiKeysSecretArn")["keys"]
    assert others == before
    assert (made["key_id"], made["principal"], made["expires_at"]) == (key[-4:], "web", "2030-01-31T00:00:00Z")
    assert made["scopes"] == ["verifications:write", "verifications:read"]


def test_evidence_is_checked_as_the_page_says(shell: Shell, verified: str) -> None:
    (command,) = run_by("check-evidence", "docs/operations.md")

    assert ": unchanged" in shell.run(f"export ID={verified}", command)


def test_the_vendor_is_examined_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    by_environment, by_secret = run_by("doctor", "docs/operations.md")
    value = secret(sandbox, "EkycCredentialsSecretArn")
    vendor = f"export EKYC_API_URL={sandbox.ekyc_api_url}"
    account = f"export EKYC_CLIENT_ID={value['client_id']} EKYC_CLIENT_SECRET={value['client_secret']}"

    assert "Nothing differs" in shell.run(vendor, account, by_environment)
    assert "Nothing differs" in shell.run(vendor, by_secret)


@pytest.mark.parametrize("text", ["a$bc", "$bc", "$(pwd)", "it's", "a&b;c"])
def test_make_passes_values_to_a_command_unchanged(shell: Shell, text: str) -> None:
    values = shlex.join(["NAME=crm", f"URL=https://crm.example.com/hook?token={text}", f"PRINCIPAL={text}"])

    entry = json.loads(shell.run(f"make -s webhook {values}"))

    assert entry["url"] == f"https://crm.example.com/hook?token={text}"
    assert entry["principal"] == text


def test_endpoints_are_put_rotated_and_replayed_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    added, *others = run_by("webhooks", "docs/webhooks.md")
    printed = shell.run(added).splitlines()
    # An endpoint must be off before it can be switched on.
    off = {"name": {"S": "crm"}, "disabled_at": {"S": "2026-01-31T08:00:00.000Z"}, "reason": {"S": "it responded 410"}}
    sandbox.client("dynamodb").put_item(TableName=sandbox.stack.outputs["EndpointsTableName"], Item=off)
    printed += shell.run(*others).splitlines()

    crm, billing = secret(sandbox, "WebhookEndpointsSecretArn")["endpoints"]
    first, second, *listed, rotated, moved, replayed = printed
    assert (crm["secrets"], billing["secrets"]) == ([rotated, first], [second])
    assert listed == [
        "crm: https://crm.example.com events: all principal: all secrets: 1",
        "billing: https://billing.example.com events: verification.rejected verification.verified principal: web"
        " secrets: 1",
    ]
    assert moved == "0 sent again"
    assert re.fullmatch(r"\d+ events of \d+ verifications were sent again", replayed)


@pytest.mark.slow
def test_one_seed_is_simulated_as_the_page_says(shell: Shell) -> None:
    (command,) = run_by("simulation", "docs/reliability.md")

    assert re.search(r"violations +0\b", shell.run(command))
