"""One deployment for the whole session. A story leaves it as it found it; the last one deletes it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed.certificates import Authority
from tests.deployed.checkout import Checkout
from tests.deployed.emulator import API_HOSTS, Emulator
from tests.deployed.internet import INSIDE, NAMES
from tests.deployed.readme import deploy_steps, documented
from tests.deployed.receiver import Receiver
from tests.deployed.stack import Stack
from tests.sandbox.identity_provider import IdentityProvider
from tests.sandbox.vendor import FakeVendor

# What the README leaves to the operator.
CREDENTIALS = ("client-deployed", "sk_deployed")
SCOPES = (
    "verifications:write verifications:read verifications:read_result verifications:read_all verifications:redact "
    "events:replay"
)
_LAST = "test_delete"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deletes the stack after all else."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.deployed)
    items.sort(key=lambda item: item.path.stem == _LAST)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), [f"*.{API_HOSTS}", *NAMES, INSIDE])


@pytest.fixture(scope="session")
def receiver(authority: Authority) -> Iterator[Receiver]:
    with Receiver(authority.server_context()) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory, authority: Authority, receiver: Receiver) -> Iterator[Emulator]:
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
    """Step 1 of the README: samconfig.toml names the frontend, and here also the vendor and the identity provider."""
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
def stack(checkout: Checkout, emulator: Emulator, authority: Authority, request: pytest.FixtureRequest) -> Stack:
    """Steps 2 and 3 of the README: built, deployed, with the vendor's credentials; and a key with all scopes."""
    steps = deploy_steps()
    checkout.run(*steps[2])
    checkout.run(*steps[3])
    stack = Stack(emulator, str(authority.bundle))
    stack.key = make_key(checkout)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{checkout.deviations()}")
    return stack


@pytest.fixture(scope="module")
def endpoints(checkout: Checkout, stack: Stack) -> Iterator[dict[str, str]]:
    """The endpoints of docs/webhooks.md, added as it says: their secrets by their names."""
    with stack.endpoints():
        printed = operate(checkout, *documented("webhooks.md", "Endpoints")).split()
        # Nothing is cached that was there before.
        stack.start_anew("DeliverFunction")
        yield dict(zip(("crm", "billing"), printed, strict=False))


@pytest.fixture
def new_key(checkout: Checkout, stack: Stack) -> str:
    """A key with all scopes that API Gateway has not seen yet."""
    return make_key(checkout)


def operate(checkout: Checkout, *commands: str) -> str:
    """What an operator's commands print, where the outputs of the stack are variables (step 3 of the README)."""
    return checkout.run(deploy_steps()[3][0], *commands).stdout


def make_key(checkout: Checkout) -> str:
    steps = deploy_steps()
    wider = [re.sub(r'SCOPES="[^"]*"', f'SCOPES="{SCOPES}"', block) for block in steps[4]]
    return checkout.run(steps[3][0], *wider).stdout.strip()
