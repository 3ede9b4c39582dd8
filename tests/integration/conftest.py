"""The bridge on the sandbox, with a clock that tests advance. Functions and tests share one `Dependencies`."""

import io
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bridge.dependencies import Dependencies
    from bridge.domain.verification import Verification
    from tests.clock import Clock
    from tests.integration.deliveries import Delivery
    from tests.integration.failure_scenes import Scene
    from tests.integration.fakes import Aws
    from tests.integration.functions import ApiFunctions
    from tests.integration.harness import World
    from tests.integration.leaks import Output
    from tests.integration.stored_state import StoredState
    from tests.integration.vendor_calls import Credentials, Make
    from tests.sandbox.sandbox import Sandbox
    from tests.sandbox.vendor import FakeVendor


@pytest.fixture(scope="session")
def recorded_aws(running_sandbox: "Sandbox") -> "Aws":
    from tests.integration.fakes import Aws

    return Aws(running_sandbox.stack.resources)


@pytest.fixture
def aws(recorded_aws: "Aws") -> Iterator["Aws"]:
    recorded_aws.reset()
    yield recorded_aws
    recorded_aws.assert_all_faults_met()


@pytest.fixture
def clock() -> "Clock":
    from tests.clock import Clock

    return Clock()


@pytest.fixture
def deps(sandbox: "Sandbox", aws: "Aws", clock: "Clock") -> "Iterator[Dependencies]":
    """The functions' dependencies, with maximal jitter and without sleeping between two attempts at the vendor."""
    from bridge import dependencies
    from bridge.settings import Settings

    dependencies.dependencies.cache_clear()
    deps = dependencies.dependencies()
    dependencies.Dependencies.__init__(
        deps, Settings(), client=aws.client, now=clock, draw=lambda low, high: high, sleep=lambda _: None
    )
    yield deps
    dependencies.dependencies.cache_clear()


@pytest.fixture
def functions(sandbox: "Sandbox", deps: "Dependencies") -> "ApiFunctions":
    from tests.integration.functions import ApiFunctions

    return ApiFunctions(sandbox)


@pytest.fixture
def output(deps: "Dependencies", capsys: pytest.CaptureFixture[str]) -> "Iterator[Output]":
    """Captures our logger at DEBUG, and all others at WARNING by a handler at the root, as Lambda does."""
    from bridge.observability import logger
    from tests.integration.leaks import Output

    ours, log = logger.registered_handler, io.StringIO()
    assert isinstance(ours, logging.StreamHandler)
    # Not caplog, which also records what no handler receives.
    root_handler = logging.StreamHandler(log)
    root_handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(root_handler)
    level, before = logger.log_level, ours.stream
    # Not setStream: it flushes the previous stream, which an earlier test may have closed.
    ours.stream = log
    logger.setLevel(logging.DEBUG)
    yield Output(log, capsys)
    logger.setLevel(level)
    ours.stream = before
    logging.getLogger().removeHandler(root_handler)


@pytest.fixture
def stored(sandbox: "Sandbox", deps: "Dependencies") -> "StoredState":
    from tests.integration.stored_state import StoredState

    return StoredState(sandbox.client, deps.settings)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of 127.0.0.1 that never accepts a connection: its queue is full."""
    with socket.socket() as listening, socket.socket() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting.connect(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """The event that ends a hanging lookup (`network.hangs`); set at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def world(
    sandbox: "Sandbox",
    deps: "Dependencies",
    functions: "ApiFunctions",
    stored: "StoredState",
    aws: "Aws",
    clock: "Clock",
) -> "World":
    from tests.integration.harness import World

    return World(sandbox, deps, functions, stored, aws, clock)


@pytest.fixture
def unopened(world: "World") -> "Verification":
    """A verification with a start page that nobody has opened."""
    from bridge.domain.links import DEFAULT_VALID_FOR

    return world.new(valid_for=DEFAULT_VALID_FOR)


@pytest.fixture
def vendor_at() -> "Iterator[Make]":
    """vendor_at(url, budget=seconds, credentials=…) makes a client with minimal pauses."""
    from bridge.vendor.client import Vendor

    made: list[Vendor] = []
    credentials = SimpleNamespace(headers=lambda fresh=False: {"client_id": "bridge", "client_secret": "sk_test"})

    def make(url: str, *, budget: float, credentials: Any = credentials) -> Vendor:
        made.append(Vendor(url, credentials, budget=budget, draw=lambda low, high: low))
        return made[-1]

    yield make
    for vendor in made:
        vendor._transport._session.close()


@pytest.fixture
def fake_vendor() -> "Iterator[FakeVendor]":
    from tests.integration.vendor_calls import ID, SECRET
    from tests.sandbox.vendor import FakeVendor

    with FakeVendor(client_id=ID, client_secret=SECRET) as running:
        yield running


@pytest.fixture
def credentials() -> "Credentials":
    from tests.integration.vendor_calls import Credentials

    return Credentials()


@pytest.fixture
def client(vendor_at: "Make", credentials: "Credentials", monkeypatch: pytest.MonkeyPatch) -> "Make":
    """client(url) makes a client; only the budget ends its calls."""
    from tests.integration.vendor_calls import PATIENCE

    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", 2 * PATIENCE)
    return partial(vendor_at, budget=PATIENCE, credentials=credentials)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Captures our own log, at the functions' level."""
    from bridge.observability import logger, metrics

    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    metrics.clear_metrics()
    return log


@pytest.fixture
def scene(world: "World", log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> "Scene":
    from bridge.observability import metrics
    from tests.integration.alarms import powertools_settings
    from tests.integration.failure_scenes import Scene
    from tests.integration.harness import world_fields

    # Powertools read other values from this process's environment when it was imported.
    namespace, service = powertools_settings(world.sandbox.stack)
    monkeypatch.setattr(metrics.provider, "namespace", namespace)
    monkeypatch.setattr(metrics.provider, "service", service)
    verification = world.new("verified")
    log.truncate(0)
    return Scene(**world_fields(world), verification=verification)


@pytest.fixture
def delivery(world: "World", output: "Output") -> "Iterator[Delivery]":
    """A `Delivery`, whose clock starts at the real time, because the verifying library uses that."""
    from tests.integration.deliveries import Delivery
    from tests.integration.harness import world_fields

    world.clock.time = datetime.now(UTC)
    hidden: list[int] = []

    def record(params: dict[str, Any], **_: Any) -> None:
        hidden.append(params["VisibilityTimeout"])

    events, name = world.aws.client("sqs").meta.events, "before-parameter-build.sqs.ChangeMessageVisibility"
    events.register(name, record)
    yield Delivery(**world_fields(world), hidden=hidden, output=output)
    events.unregister(name, record)
