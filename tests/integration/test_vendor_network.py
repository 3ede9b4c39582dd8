"""The budget of an exchange includes resolving the vendor's name and connecting to its addresses."""

import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from bridge.auth import jwks
from bridge.domain.errors import BridgeError, StorageUnavailable, VendorError, VendorUnavailable
from bridge.domain.verification import LinkRequest
from bridge.outbound.deadline import DeadlineAdapter, within
from tests.integration.harness import no_limit
from tests.integration.network import HOST, Resolver, addresses, hangs, patch_resolver
from tests.integration.raw_server import RawServer, Response, silent, whole
from tests.integration.vendor_calls import Make
from tests.sandbox.certificates import Authority

# Seconds.
BUDGET = 0.7
MARGIN = 1.0

BODY = b'{"status": 200, "result": {}}'
LINK = whole(b'{"status": 200, "result": {"url": "https://vendor.example/a", "token": "TOKEN"}}')
REQUEST = LinkRequest("00", "MYS", "ID_CARD", "https://app.example.com/done")


@pytest.fixture
def client(vendor_at: Make) -> Make:
    return lambda scheme="http", budget=BUDGET: vendor_at(f"{scheme}://{HOST}", budget=budget)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", DeadlineAdapter())
        session.mount("https://", DeadlineAdapter())
        yield session


@pytest.fixture(params=["three silent addresses", "ten silent addresses", "a silent resolver"])
def dead_network(
    request: pytest.FixtureRequest, silent_port: int, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolvers = {
        "three silent addresses": addresses(*[silent_port] * 3),
        "ten silent addresses": addresses(*[silent_port] * 10),
        "a silent resolver": hangs(hanging),
    }
    patch_resolver(monkeypatch, resolvers[request.param])


def fails_in_time(call: Callable[[], object], error: type[BridgeError] = VendorError) -> bool:
    started = time.monotonic()
    with pytest.raises(error):
        call()
    return time.monotonic() - started < BUDGET + MARGIN


@pytest.mark.usefixtures("dead_network")
def test_a_silent_network_ends_the_exchange_within_the_budget(client: Make) -> None:
    assert fails_in_time(lambda: client().fetch("TOKEN", permit=no_limit))


@pytest.mark.usefixtures("dead_network")
def test_a_silent_network_ends_the_fetch_of_keys_within_its_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jwks, "BUDGET", BUDGET)
    assert fails_in_time(jwks.http_fetcher(f"http://{HOST}/jwks.json"), StorageUnavailable)


@pytest.mark.usefixtures("dead_network")
def test_a_create_is_retried_if_it_could_not_connect(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.vendor.transport.CONNECT_TIMEOUT", 0.2)
    with RawServer(LINK) as server:
        calls = 0
        dead: Callable[..., object] = socket.getaddrinfo

        def recovers(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            return dead(*args, **kwargs) if calls < 3 else addresses(server.port)()

        monkeypatch.setattr(socket, "getaddrinfo", recovers)
        assert (
            client(budget=10).create_link(REQUEST, "https://bridge.example/return/a/b", permit=no_limit).token
            == "TOKEN"
        )
        assert (calls, len(server.requests)) == (3, 1)


@pytest.mark.parametrize("silent", [1, 3, 9])
def test_a_working_address_is_reached_after_silent_ones(
    silent: int, silent_port: int, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(whole(BODY)) as server:
        patch_resolver(monkeypatch, addresses(*[silent_port] * silent, server.port))
        # Silent addresses take only a part of the connect timeout, which is the whole budget here.
        assert client(budget=1.9).fetch("TOKEN", permit=no_limit).raw == BODY
        assert server.connections == 1


def ends_at_deadline(exchange: Callable[[], object]) -> bool:
    """Returns whether the deadline ended an exchange; the timeout of each step is longer."""
    started = time.monotonic()
    with within(BUDGET) as deadline, pytest.raises(requests.RequestException):
        exchange()
    return deadline.has_passed() and time.monotonic() - started < BUDGET + MARGIN


def test_a_handshake_after_silent_addresses_has_the_rest_of_the_budget(
    silent_port: int, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(silent(), speaks_first=True) as server:
        patch_resolver(monkeypatch, addresses(silent_port, silent_port, server.port))
        assert ends_at_deadline(lambda: session.get(f"https://{HOST}", timeout=5))
        assert server.connections == 1


@pytest.mark.parametrize("is_kept", [False, True], ids=["a new connection", "a kept connection"])
def test_a_request_that_the_server_does_not_read_ends_at_the_deadline(is_kept: bool, session: requests.Session) -> None:
    larger_than_any_buffer = bytes(32 * 1024 * 1024)

    def reads_once(connection: socket.socket, stopping: threading.Event) -> None:
        connection.recv(65536)
        whole(BODY)(connection, stopping)

    def never_reads(connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(10)

    with RawServer(*[reads_once] * is_kept, never_reads, speaks_first=True) as server:
        if is_kept:
            with within(10):
                session.get(server.url, timeout=5)
        assert ends_at_deadline(lambda: session.post(server.url, data=larger_than_any_buffer, timeout=5))
        assert server.connections == 1


def _raises(error: Exception) -> Resolver:
    def resolver(*_: object, **__: object) -> list[object]:
        raise error

    return resolver


@pytest.mark.parametrize(
    "resolver",
    [_raises(socket.gaierror(socket.EAI_NONAME, "unknown")), _raises(UnicodeError("label too long")), addresses()],
    ids=["unknown", "no host name", "no address"],
)
def test_a_name_without_an_address_is_an_unavailable_vendor(
    resolver: Resolver, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = patch_resolver(monkeypatch, resolver)
    with pytest.raises(VendorUnavailable):
        client().create_link(REQUEST, "https://bridge.example/return/a/b", permit=no_limit)
    assert len(lookups) == 3


def test_a_kept_connection_resolves_nothing_and_starts_no_thread(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(whole(BODY)) as server:
        lookups = patch_resolver(monkeypatch, addresses(server.port))
        vendor = client(budget=10)
        vendor.fetch("TOKEN", permit=no_limit)
        monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("a thread was started"))
        vendor.fetch("TOKEN", permit=no_limit)
        assert (len(lookups), server.connections, len(server.requests)) == (1, 1, 2)


def reset(connection: socket.socket, stopping: threading.Event) -> None:
    """Resets the connection, as a host does that does not know it any more."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("forgotten", [reset, silent()], ids=["reset", "silent"])
def test_a_create_after_a_pause_uses_a_new_connection(
    forgotten: Response, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(LINK) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        vendor = client(budget=5)
        create_link = partial(vendor.create_link, REQUEST, "https://bridge.example/return/a/b", permit=no_limit)
        create_link()
        server.forget_connections(forgotten)
        now = time.time()
        # Only the wall clock advances, as for a frozen process.
        monkeypatch.setattr(time, "time", lambda: now + 31)
        assert create_link().token == create_link().token == "TOKEN"
        assert (server.connections, len(server.requests)) == (2, 3)


def test_hanging_lookups_do_not_pile_up_and_are_repeated_afterwards(
    hanging: threading.Event, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(whole(BODY)) as server:
        lookups = patch_resolver(monkeypatch, hangs(hanging, server.port))
        for _ in range(8):
            with pytest.raises(VendorError):
                client(budget=0.05).fetch("TOKEN", permit=no_limit)
        assert len(lookups) == sum(thread.name == "resolver" for thread in threading.enumerate()) == 4
        hanging.set()
        assert client(budget=10).fetch("TOKEN", permit=no_limit).raw == BODY


def test_a_hanging_lookup_does_not_delay_the_exit_of_the_process() -> None:
    code = """
        import socket, time
        from bridge.outbound.deadline import DeadlineAdapter, within
        import requests

        socket.getaddrinfo = lambda *_, **__: time.sleep(60)
        session = requests.Session()
        session.mount("http://", DeadlineAdapter())
        try:
            with within(0.3):
                session.get("http://vendor.example", timeout=5)
        except requests.ConnectTimeout:
            print("in time")
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ended.stdout == "in time\n"


@pytest.mark.parametrize("is_its_own", [True, False], ids=["its own", "another's"])
def test_the_certificate_must_name_the_host(
    is_its_own: bool,
    tmp_path: Path,
    silent_port: int,
    client: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority(tmp_path, [HOST if is_its_own else "elsewhere.example"])
    named: list[str] = []
    context = authority.server_context()
    context.sni_callback = lambda sock, name, context: named.append(name)
    with RawServer(whole(BODY), tls=context) as server:
        patch_resolver(monkeypatch, addresses(silent_port, server.port))
        vendor = client(scheme="https", budget=1.9)
        vendor._transport._session.verify = str(authority.bundle)
        if is_its_own:
            assert vendor.fetch("TOKEN", permit=no_limit).raw == BODY
        else:
            with pytest.raises(VendorUnavailable):
                vendor.fetch("TOKEN", permit=no_limit)
            assert server.requests == []
    assert set(named) == {HOST}
