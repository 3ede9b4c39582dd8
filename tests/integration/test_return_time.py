"""The return redirects a person in time, with the deployed budget of 8 s, which the test takes."""

import threading
import time

import pytest

from bridge.dependencies import Dependencies
from bridge.vendor import transport
from bridge.vendor.client import BUDGET
from bridge.vendor.transport import CONNECT_TIMEOUT, READ_TIMEOUT
from tests.integration.functions import ApiFunctions
from tests.integration.harness import new, return_path
from tests.integration.network import HOST, addresses, hangs, patch_resolver
from tests.integration.raw_server import RawServer, dripping

# Seconds.
PATIENCE = 10


@pytest.mark.slow
def test_a_person_is_redirected_within_10_s_despite_a_dead_vendor_network(
    functions: ApiFunctions,
    deps: Dependencies,
    hanging: threading.Event,
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first lookup hangs. The second one has a silent address, and a server whose body never ends."""
    verification = new(deps)
    endless = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", seconds=0.5, until=15)
    with RawServer(endless) as server:
        resolvers = iter([hangs(hanging), addresses(silent_port, server.port)])
        patch_resolver(monkeypatch, lambda *_, **__: next(resolvers)())
        monkeypatch.setattr(deps.vendor, "_url", f"http://{HOST}/api/ekyc/verifications")
        # Other tests wait longer.
        monkeypatch.setattr(transport, "CONNECT_TIMEOUT", CONNECT_TIMEOUT)
        monkeypatch.setattr(transport, "READ_TIMEOUT", READ_TIMEOUT)
        monkeypatch.setattr(deps.vendor, "_budget", BUDGET)
        monkeypatch.setattr(deps.vendor, "_sleep", time.sleep)

        started = time.monotonic()
        response = functions.browser(return_path(verification))
        elapsed = time.monotonic() - started

        assert BUDGET <= elapsed < PATIENCE
        assert server.connections == 1
    assert response.redirect_status == "processing"
