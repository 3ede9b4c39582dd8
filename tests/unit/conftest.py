"""Disables sockets for all unit tests, and fixes the examples of hypothesis."""

import os
import time
from collections.abc import Iterator

import hypothesis
import pytest
from pytest_socket import disable_socket, enable_socket

from bridge.observability import metrics

# Every run has the same examples, except with DRAWN=1. deadline=None: a slow machine must not fail a test.
hypothesis.settings.register_profile("unit", deadline=None, derandomize=not os.environ.get("DRAWN"))
hypothesis.settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _clear_metrics() -> Iterator[None]:
    """Functions flush their metrics at the end of an invocation. Here there are no invocations."""
    yield
    metrics.clear_metrics()


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sets the machine's time zone. That of Lambda is UTC, that of a developer may be any."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
