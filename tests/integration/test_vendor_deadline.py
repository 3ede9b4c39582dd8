"""Nobody holds a person longer than the budget: not by silence, not a byte at a time, not on a kept connection."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bridge.domain.errors import VendorTimeout
from bridge.domain.verification import LinkRequest
from bridge.outbound import deadline
from bridge.outbound.connecting import connect
from bridge.outbound.deadline import DeadlineAdapter, within
from bridge.vendor.client import Vendor
from tests.integration.harness import free
from tests.integration.raw_server import RawServer, Response, dripping, silent, whole
from tests.marks import slow_but

# Seconds. A busy machine sends a request within the budget; what it adds to the budget stays far below what a server
# here goes on for.
BUDGET = 1.5
PATIENCE = 30.0

BODY = b'{"status": 200, "result": {}}'
GOOD = whole(BODY)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
REQUEST = LinkRequest("00", "MYS", "ID_CARD", "https://app.example.com/done")


Make = Callable[..., Vendor]


@pytest.fixture
def client(vendor_at: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes clients of an address that only the deadline cuts off."""
    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", 2 * PATIENCE)
    return lambda url, budget=BUDGET: vendor_at(url, budget=budget)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", DeadlineAdapter())
        yield session


def times_out(ask: Callable[[], object]) -> bool:
    started = time.monotonic()
    with pytest.raises(VendorTimeout):
        ask()
    return time.monotonic() - started < PATIENCE


HELD: dict[str, Response] = {
    "no response": silent(),
    "half a status line": silent(b"HTTP/1.1 20"),
    "no body": silent(HEAD + b"Content-Length: 29\r\n\r\n"),
    "a status line, slowly": dripping(b"HTTP/1.1 200 ", b"O"),
    "headers without end": dripping(HEAD, b"X: 1\r\n"),
    "a body, slowly": dripping(HEAD + b"Content-Length: 1000\r\n\r\n"),
    "a body without end that seems whole": dripping(HEAD + b"Connection: close\r\n\r\n" + BODY),
    "chunks without end": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "early responses without end": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("response", slow_but("a body, slowly", of=HELD))
def test_a_new_connection_is_cut_at_the_deadline(response: str, client: Make) -> None:
    with RawServer(HELD[response]) as server:
        assert times_out(lambda: client(server.url).fetch("TOKEN", permit=free))


@pytest.mark.parametrize("response", slow_but("no response", of=HELD))
def test_a_kept_connection_is_cut_at_the_deadline_and_another_is_made_after(response: str, client: Make) -> None:
    with RawServer(GOOD, HELD[response], GOOD) as server:
        vendor = client(server.url)
        vendor.fetch("TOKEN", permit=free)
        assert times_out(lambda: vendor.fetch("TOKEN", permit=free))
        assert server.connections == 1
        assert vendor.fetch("TOKEN", permit=free).raw == BODY
        assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("drop", [b"", b"\x00"], ids=["silent", "dripping"])
def test_a_handshake_without_end_is_cut_at_the_deadline(drop: bytes, client: Make) -> None:
    record_of_16_kb = b"\x16\x03\x03\x40\x00"
    with RawServer(dripping(record_of_16_kb, drop), greeted=True) as server:
        assert times_out(lambda: client(f"https://127.0.0.1:{server.port}").fetch("TOKEN", permit=free))


@pytest.mark.slow
@pytest.mark.parametrize("response", ["no response", "no body", "half a status line"])
def test_silence_longer_than_the_read_timeout_is_a_timeout_wherever_it_begins(
    response: str, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", BUDGET)
    with RawServer(HELD[response]) as server:
        started = time.monotonic()
        with pytest.raises(VendorTimeout):
            client(server.url, budget=2 * PATIENCE).create_link(
                REQUEST, "https://bridge.example/return/a/b", permit=free
            )
        assert time.monotonic() - started < PATIENCE
        assert len(server.requests) == 1


@pytest.mark.slow
def test_what_was_in_time_is_not_cut_later(client: Make) -> None:
    with RawServer(GOOD) as server:
        vendor = client(server.url)
        vendor.fetch("TOKEN", permit=free)
        time.sleep(BUDGET)
        vendor.fetch("TOKEN", permit=free)
        assert server.connections == 1


def test_the_deadline_of_one_thread_cuts_no_other(session: requests.Session) -> None:
    def late(connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(0.6)
        GOOD(connection, stopping)

    seen: list[bytes] = []

    def patient() -> None:
        with within(PATIENCE):
            seen.append(session.get(server.url, timeout=PATIENCE).content)

    with RawServer(late) as server:
        other = threading.Thread(target=patient)
        other.start()
        with within(0.2) as exchange, pytest.raises(requests.RequestException):
            session.get(server.url, timeout=PATIENCE)
        other.join(timeout=PATIENCE)
    assert exchange.has_passed()
    assert seen == [BODY]


@pytest.mark.parametrize("seconds", [0, 0.2], ids=["before", "while"])
def test_a_deadline_that_passes_before_or_while_connecting_sends_nothing(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    def slow(*args: Any) -> socket.socket:
        connected = connect(*args)
        time.sleep(0.3)
        return connected

    monkeypatch.setattr(deadline, "connect", slow)
    with RawServer(GOOD) as server, within(seconds) as exchange:
        with pytest.raises(requests.RequestException):
            session.get(server.url, timeout=5)
        assert exchange.has_passed()
        assert server.requests == []


def test_a_budget_that_is_used_up_before_the_call_is_a_timeout_without_a_call(client: Make) -> None:
    with RawServer(GOOD) as server:
        vendor = client(server.url, budget=0.1)
        with pytest.raises(VendorTimeout):
            vendor.fetch("TOKEN", permit=lambda: time.sleep(0.2))
        assert server.connections == 0
