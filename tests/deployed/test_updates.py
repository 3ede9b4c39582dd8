"""Updates of the deployed stack: parameters, a failed update, and what an operator put by hand."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.deployed.checkout import Checkout
from tests.deployed.identity_provider import IdentityProvider
from tests.deployed.stack import Stack, eventually
from tests.sandbox.vendor import VendorStandIn

FUNCTIONS = (
    "AuthorizeFunction",
    "VerificationsFunction",
    "RedirectFunction",
    "SweepFunction",
    "FinalizeFunction",
    "AboutFunction",
)
_DAY = 86_400


@pytest.fixture
def secrets(stack: Stack) -> dict[str, str]:
    return current_secrets(stack)


def test_a_changed_parameter_is_live_at_once_in_every_function(
    stack: Stack,
    checkout: Checkout,
    vendor: VendorStandIn,
    identity_provider: IdentityProvider,
    secrets: dict[str, str],
) -> None:
    # All functions have run, and are warm.
    before = {name: stack.create() for name in ("returns", "absent")}
    stack.sweep()
    assert finished_sweeps(stack)

    checkout.run(
        "sam deploy --config-env prod --parameter-overrides "
        "LinkLifetimeSeconds=120 RetentionDays=7 JwtAudience=changed LogLevel=ERROR"
    )

    assert stack.status() == "UPDATE_COMPLETE"
    # authorize
    scope = "verifications:read"
    assert stack.call("GET", "/verifications?reference=x", key=identity_provider.token(scope)).status_code == 403
    changed = identity_provider.token(scope, audience="changed")
    assert stack.call("GET", "/verifications?reference=x", key=changed).status_code == 200
    # verifications
    assert lifetime(stack.create()) == 120
    # redirect
    stack.open(stack.verify(before["returns"]))
    assert retention(stack, before["returns"]) == 7 * _DAY
    # sweep, whose every run leaves a line at INFO, and finalize
    runs = finished_sweeps(stack)
    vendor.play(before["absent"]["token"], "verified")
    stack.make_due(before["absent"])
    stack.sweep()
    eventually(lambda: stack.read(before["absent"])["status"] == "verified")
    assert retention(stack, before["absent"]) == 7 * _DAY
    assert finished_sweeps(stack) == runs
    # about says nothing that a parameter changes.
    assert {log_level(stack, function) for function in FUNCTIONS} == {"ERROR"}
    assert current_secrets(stack) == secrets

    checkout.run(
        "sam deploy --config-env prod --parameter-overrides "
        "LinkLifetimeSeconds=900 RetentionDays=30 JwtAudience=ekyc-bridge LogLevel=INFO"
    )


def test_a_failed_update_rolls_back_and_the_next_one_succeeds(
    stack: Stack, checkout: Checkout, secrets: dict[str, str]
) -> None:
    built = checkout.folder / ".aws-sam/build/template.yaml"
    good = built.read_text(encoding="utf-8")
    before = lifetime(stack.create())
    built.write_text(good.replace("VisibilityTimeout: 360", "VisibilityTimeout: 999999"), encoding="utf-8")
    assert built.read_text(encoding="utf-8") != good

    failed = checkout.run("sam deploy --config-env prod --parameter-overrides LinkLifetimeSeconds=60", check=False)

    assert failed.returncode == 1, failed.stdout
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert lifetime(stack.create()) == before
    assert current_secrets(stack) == secrets

    built.write_text(good, encoding="utf-8")
    checkout.run("sam deploy --config-env prod --parameter-overrides LinkLifetimeSeconds=60")

    assert stack.status() == "UPDATE_COMPLETE"
    assert lifetime(stack.create()) == 60
    assert current_secrets(stack) == secrets


def current_secrets(stack: Stack) -> dict[str, str]:
    """What is in the secrets now; both hold what an operator put, not what the template seeds."""
    outputs = stack.outputs()
    values = {
        name: stack.client("secretsmanager").get_secret_value(SecretId=outputs[name])["SecretString"]
        for name in ("EkycCredentialsSecretArn", "ApiKeysSecretArn")
    }
    assert json.loads(values["EkycCredentialsSecretArn"])["client_secret"]
    assert json.loads(values["ApiKeysSecretArn"])["keys"]
    return values


def lifetime(created: dict[str, Any]) -> int:
    """Seconds."""
    return round(timestamp(created["expires_at"]) - timestamp(created["created_at"]))


def retention(stack: Stack, created: dict[str, Any]) -> float:
    """Seconds from the final status to the end of the record."""
    item = stack.item(created)
    return round(float(item["ttl"]["N"]) - timestamp(item["updated_at"]["S"]), -2)


def timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def finished_sweeps(stack: Stack) -> int:
    return sum(line.get("message") == "sweep_finished" for line in stack.logs("sweep"))


def log_level(stack: Stack, function: str) -> str:
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.resource(function))
    level: str = configuration["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"]
    return level
