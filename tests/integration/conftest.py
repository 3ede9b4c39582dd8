"""The bridge over the sandbox, with a clock that tests move. The functions use the same bridge as the tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bridge.wiring import Bridge
    from tests.integration.driving import Aws, Clock, Functions
    from tests.integration.kept import Kept
    from tests.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def recorded_aws(running_sandbox: "Sandbox") -> "Aws":
    from tests.integration.driving import Aws

    return Aws()


@pytest.fixture
def aws(recorded_aws: "Aws") -> "Aws":
    recorded_aws.forget()
    return recorded_aws


@pytest.fixture
def clock() -> "Clock":
    from tests.integration.driving import Clock

    return Clock()


@pytest.fixture
def bridge(sandbox: "Sandbox", aws: "Aws", clock: "Clock") -> "Iterator[Bridge]":
    """Jitter takes its largest value, and nobody sleeps between two attempts at the vendor."""
    from bridge import wiring
    from bridge.settings import Settings

    wiring.bridge.cache_clear()
    bridge = wiring.bridge()
    wiring.Bridge.__init__(
        bridge, Settings(), client=aws.client, now=clock, draw=lambda low, high: high, sleep=lambda _: None
    )
    yield bridge
    wiring.bridge.cache_clear()


@pytest.fixture
def functions(sandbox: "Sandbox", bridge: "Bridge") -> "Functions":
    from tests.integration.driving import Functions

    return Functions(sandbox)


@pytest.fixture
def kept(sandbox: "Sandbox", bridge: "Bridge") -> "Kept":
    from tests.integration.kept import Kept

    return Kept(sandbox.client, bridge.settings)
