"""The bridge over the sandbox, with a clock that tests move. The functions use the same bridge as the tests."""

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bridge.dependencies import Dependencies
    from bridge.vendor.client import Vendor
    from tests.integration.deliveries import Delivery
    from tests.integration.failure_scenes import Scene
    from tests.integration.harness import Aws, Clock, Functions, World
    from tests.integration.leaks import Said
    from tests.integration.stored_state import StoredState
    from tests.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def recorded_aws(running_sandbox: "Sandbox") -> "Aws":
    from tests.integration.harness import Aws

    return Aws(running_sandbox.stack.resources)


@pytest.fixture
def aws(recorded_aws: "Aws") -> Iterator["Aws"]:
    recorded_aws.forget()
    yield recorded_aws
    recorded_aws.check_nothing_awaited()


@pytest.fixture
def clock() -> "Clock":
    from tests.integration.harness import Clock

    return Clock()


@pytest.fixture
def deps(sandbox: "Sandbox", aws: "Aws", clock: "Clock") -> "Iterator[Dependencies]":
    """Jitter takes its largest value, and nobody sleeps between two attempts at the vendor."""
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
def functions(sandbox: "Sandbox", deps: "Dependencies") -> "Functions":
    from tests.integration.harness import Functions

    return Functions(sandbox)


@pytest.fixture
def said(deps: "Dependencies", capsys: pytest.CaptureFixture[str]) -> "Iterator[Said]":
    """Our own logger at its chattiest; all others as Lambda has them, by a handler at the root at WARNING."""
    from bridge.observability import logger
    from tests.integration.leaks import Said

    ours, log = logger.registered_handler, io.StringIO()
    assert isinstance(ours, logging.StreamHandler)
    # Not caplog: it would also show what goes to no handler.
    lambdas = logging.StreamHandler(log)
    lambdas.setLevel(logging.WARNING)
    logging.getLogger().addHandler(lambdas)
    level, before = logger.log_level, ours.stream
    # Not setStream, which flushes the stream before; a test before may have closed it.
    ours.stream = log
    logger.setLevel(logging.DEBUG)
    yield Said(log, capsys)
    logger.setLevel(level)
    ours.stream = before
    logging.getLogger().removeHandler(lambdas)


@pytest.fixture
def stored(sandbox: "Sandbox", deps: "Dependencies") -> "StoredState":
    from tests.integration.stored_state import StoredState

    return StoredState(sandbox.client, deps.settings)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of 127.0.0.1 that answers no connection: its queue is full, and nobody accepts."""
    with socket.socket() as listening, socket.socket() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting.connect(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """While the test runs, and until it sets the event, a name that waits for it does not resolve."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def world(
    sandbox: "Sandbox",
    deps: "Dependencies",
    functions: "Functions",
    stored: "StoredState",
    aws: "Aws",
    clock: "Clock",
) -> "World":
    from tests.integration.harness import World

    return World(sandbox, deps, functions, stored, aws, clock)


@pytest.fixture
def vendor_at() -> "Iterator[Callable[..., Vendor]]":
    """vendor_at(url, budget=seconds): a client that pauses as little as it may; its session is closed at the end."""
    from bridge.vendor.client import Vendor

    made: list[Vendor] = []
    credentials = SimpleNamespace(headers=lambda fresh=False: {"client_id": "bridge", "client_secret": "sk_test"})

    def make(url: str, *, budget: float) -> Vendor:
        made.append(Vendor(url, credentials, budget=budget, draw=lambda low, high: low))
        return made[-1]

    yield make
    for vendor in made:
        vendor._transport._session.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Our own log alone, at the level of the functions."""
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
    from tests.integration.harness import parts

    # Powertools took these from this process's environment when it was imported.
    namespace, service = powertools_settings(world.sandbox.stack)
    monkeypatch.setattr(metrics.provider, "namespace", namespace)
    monkeypatch.setattr(metrics.provider, "service", service)
    verification = world.new("verified")
    log.truncate(0)
    return Scene(**parts(world), verification=verification)


@pytest.fixture
def delivery(world: "World", said: "Said") -> "Iterator[Delivery]":
    """The clock starts at the real time, by which the library that verifies goes."""
    from tests.integration.deliveries import Delivery
    from tests.integration.harness import parts

    world.clock.time = datetime.now(UTC)
    hidden: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        hidden.append(params["VisibilityTimeout"])

    events, name = world.aws.client("sqs").meta.events, "before-parameter-build.sqs.ChangeMessageVisibility"
    events.register(name, note)
    yield Delivery(**parts(world), hidden=hidden, said=said)
    events.unregister(name, note)
