"""A vendor call ends within its budget, even if the vendor is silent, sends slowly, or keeps the connection."""

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
from tests.integration.harness import no_limit
from tests.integration.raw_server import RawServer, Response, dripping, silent, whole
from tests.integration.vendor_calls import Make
from tests.marks import slow_except

# Seconds. A busy machine sends a request within the budget, and ends it long before the servers here stop sending.
BUDGET = 1.5
PATIENCE = 30.0

BODY = b'{"status": 200, "result": {}}'
GOOD = whole(BODY)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
REQUEST = LinkRequest("00", "MYS", "ID_CARD", "https://app.example.com/done")


@pytest.fixture
def client(vendor_at: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes clients of an address, whose calls only the deadline ends."""
    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", 2 * PATIENCE)
    return lambda url, budget=BUDGET: vendor_at(url, budget=budget)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", DeadlineAdapter())
        yield session


def times_out(call: Callable[[], object]) -> bool:
    started = time.monotonic()
    with pytest.raises(VendorTimeout):
        call()
    return time.monotonic() - started < PATIENCE


SLOW_RESPONSES: dict[str, Response] = {
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


@pytest.mark.parametrize("response", slow_except("a body, slowly", of=SLOW_RESPONSES))
def test_a_new_connection_ends_at_the_deadline(response: str, client: Make) -> None:
    with RawServer(SLOW_RESPONSES[response]) as server:
        assert times_out(lambda: client(server.url).fetch("TOKEN", permit=no_limit))


@pytest.mark.parametrize("response", slow_except("no response", of=SLOW_RESPONSES))
def test_a_kept_connection_ends_at_the_deadline_and_is_replaced(response: str, client: Make) -> None:
    with RawServer(GOOD, SLOW_RESPONSES[response], GOOD) as server:
        vendor = client(server.url)
        vendor.fetch("TOKEN", permit=no_limit)
        assert times_out(lambda: vendor.fetch("TOKEN", permit=no_limit))
        assert server.connections == 1
        assert vendor.fetch("TOKEN", permit=no_limit).raw == BODY
        assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("drop", [b"", b"\x00"], ids=["silent", "dripping"])
def test_an_endless_handshake_ends_at_the_deadline(drop: bytes, client: Make) -> None:
    record_of_16_kb = b"\x16\x03\x03\x40\x00"
    with RawServer(dripping(record_of_16_kb, drop), speaks_first=True) as server:
        assert times_out(lambda: client(f"https://127.0.0.1:{server.port}").fetch("TOKEN", permit=no_limit))


@pytest.mark.slow
@pytest.mark.parametrize("response", ["no response", "no body", "half a status line"])
def test_silence_beyond_the_read_timeout_is_a_timeout(
    response: str, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", BUDGET)
    with RawServer(SLOW_RESPONSES[response]) as server:
        started = time.monotonic()
        with pytest.raises(VendorTimeout):
            client(server.url, budget=2 * PATIENCE).create_link(
                REQUEST, "https://bridge.example/return/a/b", permit=no_limit
            )
        assert time.monotonic() - started < PATIENCE
        assert len(server.requests) == 1


@pytest.mark.slow
def test_a_connection_that_met_its_deadline_stays_usable(client: Make) -> None:
    with RawServer(GOOD) as server:
        vendor = client(server.url)
        vendor.fetch("TOKEN", permit=no_limit)
        time.sleep(BUDGET)
        vendor.fetch("TOKEN", permit=no_limit)
        assert server.connections == 1


def test_the_deadline_of_one_thread_does_not_end_another(session: requests.Session) -> None:
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


def test_a_budget_used_up_before_the_call_is_a_timeout_without_a_call(client: Make) -> None:
    with RawServer(GOOD) as server:
        vendor = client(server.url, budget=0.1)
        with pytest.raises(VendorTimeout):
            vendor.fetch("TOKEN", permit=lambda: time.sleep(0.2))
        assert server.connections == 0
