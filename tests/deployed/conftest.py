"""Deploys one stack for the whole session. Each module leaves it as it was; test_delete.py runs last and deletes it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed.checkout import Checkout
from tests.deployed.emulator import API_HOSTS, Emulator
from tests.deployed.internet import ENDPOINT_NAMES, PRIVATE_NAME
from tests.deployed.readme import deploy_steps, documented
from tests.deployed.receiver import TlsReceiver
from tests.deployed.stack import DeployedStack
from tests.sandbox.certificates import Authority
from tests.sandbox.identity_provider import IdentityProvider
from tests.sandbox.vendor import FakeVendor

# Values that the README leaves to the operator.
CREDENTIALS = ("client-deployed", "sk_deployed")
SCOPES = (
    "verifications:write verifications:read verifications:read_result verifications:read_all verifications:redact "
    "events:replay"
)
_LAST = "test_delete"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests, and runs the deletion of the stack last."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.deployed)
    items.sort(key=lambda item: item.path.stem == _LAST)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), [f"*.{API_HOSTS}", *ENDPOINT_NAMES, PRIVATE_NAME])


@pytest.fixture(scope="session")
def receiver(authority: Authority) -> Iterator[TlsReceiver]:
    with TlsReceiver(authority.server_context()) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, receiver: TlsReceiver
) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("emulator"), authority, receiver=receiver.port) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def vendor(authority: Authority) -> Iterator[FakeVendor]:
    client_id, client_secret = CREDENTIALS
    with FakeVendor(client_id=client_id, client_secret=client_secret, tls=authority.server_context()) as vendor:
        yield vendor


@pytest.fixture(scope="session")
def identity_provider(authority: Authority) -> Iterator[IdentityProvider]:
    with IdentityProvider(tls=authority.server_context()) as provider:
        yield provider


@pytest.fixture(scope="session")
def checkout(
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    emulator: Emulator,
    vendor: FakeVendor,
    identity_provider: IdentityProvider,
) -> Checkout:
    """Step 1 of the README: samconfig.toml names the frontend; here also the fake vendor and the identity provider."""
    client_id, client_secret = CREDENTIALS
    account = {"EKYC_CLIENT_ID": client_id, "EKYC_CLIENT_SECRET": client_secret}
    checkout = Checkout(tmp_path_factory.mktemp("operator"), emulator.settings() | account, authority.bundle)
    checkout.set_parameters(
        "prod",
        {
            "AllowedRedirectOrigins": "https://app.example.com",
            "EkycApiUrl": vendor.url,
            "JwtIssuer": identity_provider.issuer,
        },
    )
    return checkout


@pytest.fixture(scope="session")
def stack(
    checkout: Checkout, emulator: Emulator, authority: Authority, request: pytest.FixtureRequest
) -> DeployedStack:
    """Steps 2 to 4 of the README: builds, deploys, stores the vendor's credentials, makes a key with all scopes."""
    steps = deploy_steps()
    checkout.run(*steps[2])
    checkout.run(*steps[3])
    stack = DeployedStack(emulator, str(authority.bundle))
    stack.key = make_key(checkout)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{checkout.deviations()}")
    return stack


@pytest.fixture(scope="module")
def endpoints(checkout: Checkout, stack: DeployedStack) -> Iterator[dict[str, str]]:
    """Adds the endpoints of docs/webhooks.md as the page says; returns their secrets by their names."""
    with stack.endpoints():
        printed = run_as_operator(checkout, *documented("webhooks.md", "Endpoints")).split()
        # A cold start has no cached endpoints.
        stack.force_cold_start("DeliverFunction")
        yield dict(zip(("crm", "billing"), printed, strict=False))


@pytest.fixture
def new_key(checkout: Checkout, stack: DeployedStack) -> str:
    """A key with all scopes, for which API Gateway has no cached result."""
    return make_key(checkout)


def run_as_operator(checkout: Checkout, *commands: str) -> str:
    """Runs an operator's commands with the stack's outputs as variables (README, step 3); returns what they print."""
    return checkout.run(deploy_steps()[3][0], *commands).stdout


def make_key(checkout: Checkout) -> str:
    steps = deploy_steps()
    wider = [re.sub(r'SCOPES="[^"]*"', f'SCOPES="{SCOPES}"', block) for block in steps[4]]
    return checkout.run(steps[3][0], *wider).stdout.strip()
