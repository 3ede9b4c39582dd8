"""No test here reaches a network, and none is timed."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from pytest_socket import disable_socket, enable_socket

from bridge.observability import metrics

# The same cases each time; other ones with DRAWN=1.
hypothesis.settings.register_profile("unit", deadline=None, derandomize=not os.environ.get("DRAWN"))
hypothesis.settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _no_metrics_are_kept() -> Iterator[None]:
    """Functions send what they counted at their end; here nothing ends."""
    yield
    metrics.clear_metrics()


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()
