"""Tests updates of the deployed stack: parameters, code, layers, and a failed update. Secrets stay unchanged."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.deployed.checkout import Checkout
from tests.deployed.edits import NEW_CODE, NEW_JWT_LAYER, NEW_LAYER
from tests.deployed.permissions import permissions
from tests.deployed.stack import DeployedStack, eventually
from tests.pages import ROOT
from tests.sandbox.identity_provider import IdentityProvider
from tests.sandbox.vendor import FakeVendor

FUNCTIONS = ("Authorize", "Verifications", "Redirect", "Sweep", "Finalize", "Publish", "Deliver", "About")
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
_DAY = 86_400
# The schedule's minute and the calls that follow it, in seconds.
_A_MINUTE = 90
_READ = "verifications:read"
_LIST = "/verifications?reference=x"
_HEALTH = json.loads((ROOT / "events/about/health.json").read_text(encoding="utf-8"))

# Changes that a caller or an operator can see.
CHANGED_PARAMETERS = {
    "LinkLifetimeSeconds": "120",
    "RetentionDays": "7",
    "JwtAudience": "changed",
    "LogLevel": "ERROR",
    "PublicBaseUrl": "https://api.example.com/ekyc",
    "Tracing": "Active",
}


@pytest.fixture(scope="module", autouse=True)
def leave_as_found(stack: DeployedStack, checkout: Checkout) -> Iterator[None]:
    """Restores parameters, code and layers after the tests of this module, with one deployment."""
    before = stack.parameters()
    with checkout.restoring_the_build():
        yield
    after = stack.parameters()
    checkout.deploy({name: value for name, value in before.items() if after[name] != value})
    assert stack.parameters() == before


@pytest.fixture(scope="module")
def unreturned(stack: DeployedStack, vendor: FakeVendor) -> dict[str, Any]:
    """A due verification of a person who finished and did not return. The schedule completes it during other tests."""
    created = stack.create()
    vendor.play(created["token"], "verified")
    stack.make_due(created)
    return created


@pytest.fixture
def secrets(stack: DeployedStack) -> dict[str, str]:
    return current_secrets(stack)


def test_changed_parameters_are_live_at_once_in_every_function(
    stack: DeployedStack,
    checkout: Checkout,
    vendor: FakeVendor,
    identity_provider: IdentityProvider,
    secrets: dict[str, str],
) -> None:
    # All functions run once, and are then warm.
    before = {name: stack.create() for name in ("returns", "absent")}
    stack.sweep()
    assert finished_sweeps(stack)
    assert health_below(stack, "/ekyc") == 404
    assert [traces(stack, function) for function in FUNCTIONS] == [None] * len(FUNCTIONS)

    checkout.deploy(CHANGED_PARAMETERS)

    assert stack.status() == "UPDATE_COMPLETE"
    # authorize
    assert stack.call("GET", _LIST, key=identity_provider.token(_READ)).status_code == 403
    changed = identity_provider.token(_READ, audience="changed")
    assert stack.call("GET", _LIST, key=changed).status_code == 200
    # verifications
    created = stack.create()
    assert lifetime(created) == 120
    assert created["status_url"].startswith("https://api.example.com/ekyc/status/")
    # redirect
    stack.open(stack.verify(before["returns"]))
    assert retention(stack, before["returns"]) == 7 * _DAY
    # sweep, which logs one line at INFO per run, and finalize
    runs = finished_sweeps(stack)
    vendor.play(before["absent"]["token"], "verified")
    stack.make_due(before["absent"])
    stack.sweep()
    eventually(lambda: stack.read(before["absent"])["status"] == "verified")
    assert retention(stack, before["absent"]) == 7 * _DAY
    assert finished_sweeps(stack) == runs
    # about
    assert health_below(stack, "/ekyc") == 200
    # Each function is traced, and its role may send traces.
    assert [traces(stack, function) for function in FUNCTIONS] == [TRACES] * len(FUNCTIONS)
    assert current_secrets(stack) == secrets


@pytest.mark.usefixtures("unreturned")
def test_plain_build_and_deploy_makes_code_and_layers_live(
    stack: DeployedStack, checkout: Checkout, identity_provider: IdentityProvider
) -> None:
    bridge_layer = stack.layers("VerificationsFunction")
    assert token_scopes_apply(stack, identity_provider)

    with checkout.edited(NEW_JWT_LAYER):
        checkout.run("sam build", "sam deploy --config-env prod")

    # The other layer is unchanged.
    assert stack.layers("VerificationsFunction") == bridge_layer
    assert not token_scopes_apply(stack, identity_provider)

    with checkout.edited(NEW_CODE), checkout.edited(NEW_LAYER):
        checkout.run("sam build", "sam deploy --config-env prod")

    health = stack.call("GET", "/health")
    assert health.json() == {"status": "ok", "release": "new"}
    listed = stack.call("GET", _LIST)
    assert (health.headers["Cache-Control"], listed.headers["Cache-Control"]) == ("no-cache", "no-cache")
    # The reverted change is not live any more.
    assert token_scopes_apply(stack, identity_provider)


def test_failed_update_rolls_back_and_the_next_one_succeeds(
    stack: DeployedStack, checkout: Checkout, secrets: dict[str, str]
) -> None:
    built = checkout.folder / ".aws-sam/build/template.yaml"
    good = built.read_text(encoding="utf-8")
    before = lifetime(stack.create())
    built.write_text(good.replace("VisibilityTimeout: 360", "VisibilityTimeout: 999999"), encoding="utf-8")
    assert built.read_text(encoding="utf-8") != good

    assert checkout.deploy({"LinkLifetimeSeconds": "60"}, check=False) == 1

    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert lifetime(stack.create()) == before
    assert current_secrets(stack) == secrets

    built.write_text(good, encoding="utf-8")
    checkout.deploy({"LinkLifetimeSeconds": "60"})

    assert stack.status() == "UPDATE_COMPLETE"
    assert lifetime(stack.create()) == 60
    assert current_secrets(stack) == secrets


def test_schedule_completes_a_person_who_never_returns(stack: DeployedStack, unreturned: dict[str, Any]) -> None:
    eventually(
        lambda: stack.read(unreturned)["status"] == "verified",
        seconds=_A_MINUTE,
        why=lambda: (stack.logs("sweep"), stack.logs("finalize"), stack.item(unreturned)),
    )


def current_secrets(stack: DeployedStack) -> dict[str, str]:
    """Returns the values of the secrets. Both have an operator's values, not those of the template."""
    outputs = stack.outputs()
    values = {
        name: stack.client("secretsmanager").get_secret_value(SecretId=outputs[name])["SecretString"]
        for name in ("EkycCredentialsSecretArn", "ApiKeysSecretArn")
    }
    assert json.loads(values["EkycCredentialsSecretArn"])["client_secret"]
    assert json.loads(values["ApiKeysSecretArn"])["keys"]
    return values


def lifetime(created: dict[str, Any]) -> int:
    """Returns the lifetime of the link in seconds."""
    return round(timestamp(created["expires_at"]) - timestamp(created["created_at"]))


def retention(stack: DeployedStack, created: dict[str, Any]) -> float:
    """Returns the seconds from the final status to the item's ttl."""
    item = stack.item(created)
    return round(float(item["ttl"]["N"]) - timestamp(item["updated_at"]["S"]), -2)


def timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def finished_sweeps(stack: DeployedStack) -> int:
    return sum(line.get("message") == "sweep_finished" for line in stack.logs("sweep"))


def health_below(stack: DeployedStack, path: str) -> int:
    """Returns the status of /health behind an API mapping, whose path API Gateway leaves in rawPath."""
    status: int = stack.invoke("AboutFunction", {**_HEALTH, "rawPath": f"{path}/health"})["Payload"]["statusCode"]
    return status


def token_scopes_apply(stack: DeployedStack, identity_provider: IdentityProvider) -> bool:
    """Whether a new access token has the permissions of its scope."""
    audience = stack.parameters()["JwtAudience"]
    token = identity_provider.token(_READ, subject=f"user-{uuid.uuid4()}", audience=audience)
    response = stack.call("GET", _LIST, key=token)
    assert response.status_code == 200 or response.json()["code"] == "missing_scope", response.text
    return response.status_code == 200


def traces(stack: DeployedStack, function: str) -> set[str] | None:
    """Returns the X-Ray actions that a function's role allows; None if the function is not traced."""
    mode = stack.configuration(f"{function}Function")["TracingConfig"]["Mode"]
    allowed = {each.action for each in permissions(stack, f"{function}Role") if each.sid == "SendTraces"}
    assert (mode == "Active") == bool(allowed)
    return allowed or None
