"""One sandbox for the whole session, emptied before each test."""

import gc
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

# Powertools reads these when `bridge` is first imported, which collecting the tests does before a sandbox sets them.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "ekyc-bridge")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "ekyc-bridge")

# The origin whose pages may call the sandbox's API.
CORS_ORIGIN = "http://localhost:5173"

# As it was before any sandbox, for processes that tests start.
OUTER_ENVIRONMENT = dict(os.environ)

# SAM's translator asks for a region while tests are collected, and would read an account's.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-southeast-1")

_running: "list[Sandbox]" = []


def pytest_configure(config: pytest.Config) -> None:
    """Says what marks there are, and listens to Ctrl-C.

    A shell makes its programs in the background ignore it, and these hand that on to all that they start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "sam_local: needs Docker and the SAM CLI, and takes a minute")
    config.addinivalue_line("markers", "deployed: needs SAM and MiniStack (make test-deployed)")
    config.addinivalue_line("markers", "browser: needs Chromium, Playwright and axe-core (make test-browser)")


@pytest.fixture(scope="session")
def running_sandbox() -> "Iterator[Sandbox]":
    """All of it, workers off; what a test leaves behind, the next one finds. Tests take `sandbox`."""
    from tests.sandbox.sandbox import Sandbox

    with Sandbox(workers=False) as sandbox:
        _running.append(sandbox)
        # What is loaded by now stays; else each collection would go through all of moto.
        gc.freeze()
        yield sandbox
        _running.clear()


@pytest.fixture
def sandbox(running_sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> "Sandbox":
    """The session's sandbox without verifications, messages, links, faults and further keys.

    Its functions have patience with AWS: a busy machine may take longer than a person would wait. They do not sleep
    between two attempts at the vendor, nor between two verifications of a batch.
    """
    from bridge import dependencies
    from bridge.aws import clients

    monkeypatch.setattr(clients, "CONNECT_TIMEOUT", 60)
    monkeypatch.setattr(clients, "READ_TIMEOUT", 60)
    defaults = dependencies.Dependencies.__init__.__kwdefaults__
    assert defaults is not None, "all that it is made of is given by keyword"
    monkeypatch.setitem(defaults, "sleep", lambda _: None)
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(autouse=True)
def _no_foreign_environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that does not ask for the sandbox must not find its variables in the environment."""
    if "running_sandbox" in request.fixturenames or not _running:
        yield
        return
    with _running[0].hidden():
        yield
