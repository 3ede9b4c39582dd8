"""How long a person is held by the return, with the budget as it is deployed. It takes the 8 s that it is about."""

import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.dependencies import Dependencies
from bridge.vendor import client as vendor_client
from tests.integration.harness import Functions, new, return_path
from tests.integration.network import HOST, addresses, hangs, resolve_by
from tests.integration.raw_server import RawServer, dripping

# Seconds.
PATIENCE = 10


@pytest.mark.slow
def test_a_person_is_sent_on_within_10_s_whatever_the_vendors_network_does(
    functions: Functions,
    deps: Dependencies,
    hanging: threading.Event,
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The resolver hangs at first. Then one address is silent, and the server behind the other never ends its body."""
    verification = new(deps)
    endless = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", seconds=0.5, until=15)
    with RawServer(endless) as server:
        resolvers = iter([hangs(hanging), addresses(silent_port, server.port)])
        resolve_by(monkeypatch, lambda *_, **__: next(resolvers)())
        monkeypatch.setattr(deps.vendor, "_url", f"http://{HOST}/api/ekyc/verifications")
        monkeypatch.setattr(deps.vendor, "_sleep", time.sleep)

        started = time.monotonic()
        response = functions.browser(return_path(verification))
        elapsed = time.monotonic() - started

        assert vendor_client.BUDGET <= elapsed < PATIENCE
        assert server.connections == 1
    assert response.status == 303
    assert parse_qs(urlsplit(response.headers["location"]).query)["status"] == ["processing"]
