"""The sandbox: started once per session, and emptied before each test."""

import gc
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

# Powertools reads these when `bridge` is first imported: at collection, before a sandbox sets them.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "ekyc-bridge")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "ekyc-bridge")

# The origin whose pages may call the sandbox's API.
CORS_ORIGIN = "http://localhost:5173"

# The environment before any sandbox, for processes that tests start.
OUTER_ENVIRONMENT = dict(os.environ)

# SAM's translator needs a region at collection, and would otherwise read one from the AWS configuration.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-southeast-1")

_running: "list[Sandbox]" = []


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks, and restores the handler of Ctrl-C.

    Programs that a shell starts in the background ignore SIGINT, and their child processes inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "sam_local: needs Docker and the SAM CLI, and takes a minute")
    config.addinivalue_line("markers", "deployed: needs SAM and MiniStack (make test-deployed)")
    config.addinivalue_line("markers", "browser: needs Chromium, Playwright and axe-core (make test-browser)")


@pytest.fixture(scope="session")
def running_sandbox() -> "Iterator[Sandbox]":
    """The sandbox without workers. It keeps the state of earlier tests, so tests use `sandbox` instead."""
    from tests.sandbox.sandbox import Sandbox

    with Sandbox(workers=False) as sandbox:
        _running.append(sandbox)
        # Without this, each garbage collection would traverse all of moto.
        gc.freeze()
        yield sandbox
        _running.clear()


@pytest.fixture
def sandbox(running_sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> "Sandbox":
    """The session's sandbox, without verifications, messages, links, faults and added keys.

    Its functions wait up to 60 s for AWS and for the vendor, because a busy machine may be slow. They do not sleep
    between two attempts at the vendor, nor between two verifications of a batch.
    """
    from bridge.aws import clients
    from bridge.dependencies import Dependencies
    from bridge.vendor import transport
    from bridge.vendor.client import Vendor

    for module in (clients, transport):
        monkeypatch.setattr(module, "CONNECT_TIMEOUT", 60)
        monkeypatch.setattr(module, "READ_TIMEOUT", 60)
    for made, default, value in ((Vendor, "budget", 60), (Dependencies, "sleep", lambda _: None)):
        defaults = made.__init__.__kwdefaults__
        assert defaults is not None, "all parameters are keyword-only"
        monkeypatch.setitem(defaults, default, value)
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(autouse=True)
def _no_foreign_environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hides the sandbox's environment variables from tests that do not use the sandbox."""
    if "running_sandbox" in request.fixturenames or not _running:
        yield
        return
    with _running[0].hidden():
        yield
