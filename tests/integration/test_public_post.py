"""Posts to hosts that an integrator chose, against real servers: where they connect, and when they end."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.domain.errors import DeliveryFailed
from bridge.outbound import public_post
from bridge.outbound.public_post import Posted, PublicPost
from tests.integration.network import HOST, addresses, hangs, patch_resolver
from tests.integration.raw_server import BAD_LOCATIONS, RawServer, Response, dripping, silent, whole
from tests.sandbox.certificates import Authority

# Seconds.
BUDGET, MARGIN = 0.7, 1.0
OK = whole(b"{}")
Post = Callable[..., Posted]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), [HOST])


@pytest.fixture
def post(authority: Authority) -> Post:
    """Posts to HOST and `port` over TLS, or to another URL."""

    def post(url: str = "", *, port: int = 443, budget: float = 10.0, certificates: str | None = None) -> Posted:
        poster = PublicPost(budget=budget, certificates=certificates or str(authority.bundle))
        try:
            return poster.post(url or f"https://{HOST}:{port}/hook", b'{"a":1}', {"webhook-id": "evt_1"})
        finally:
            poster._session.close()

    return post


@pytest.fixture
def admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treats 127.0.0.1 as public, so that a server of the tests can be reached."""
    monkeypatch.setattr(public_post._Public, "admits", staticmethod(lambda address: address == "127.0.0.1"))


def tls(authority: Authority, *responses: Response) -> RawServer:
    return RawServer(*responses, tls=authority.server_context())


def code_of(attempt: Callable[[], object]) -> str | None:
    with pytest.raises(DeliveryFailed) as failed:
        attempt()
    # The errors of libraries quote the URL, so none may be in the traceback.
    assert failed.value.__suppress_context__
    assert HOST not in str(failed.value)
    return failed.value.code


@pytest.mark.usefixtures("admitted")
def test_body_and_headers_arrive_unchanged(authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls(authority, whole(b"{}", "503 Busy", "Retry-After: 7\r\n")) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert post() == Posted(503, "7")
        (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert (body, head.splitlines()[0]) == (b'{"a":1}', b"POST /hook HTTP/1.1")
    lines = {line.lower() for line in head.decode().splitlines()}
    assert {f"host: {HOST}", "webhook-id: evt_1", "connection: close"} <= lines
    assert not any("python" in line or "gzip" in line for line in lines)


@pytest.mark.usefixtures("admitted")
def test_it_connects_to_the_checked_address_and_tls_names_the_host(
    authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[str] = []
    context = authority.server_context()
    context.sni_callback = lambda sock, name, context: named.append(name)
    with RawServer(OK, tls=context) as server, tls(authority, OK) as inside:
        # A second lookup would resolve to the other server.
        results = iter([addresses(server.port)(), addresses(inside.port)()])
        lookups = patch_resolver(monkeypatch, lambda *_, **__: next(results))
        assert post().status == 200
        assert (len(lookups), server.connections, inside.connections) == (1, 1, 0)
    assert named == [HOST]


@pytest.mark.parametrize(
    "resolved",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["100.64.0.1"], ["224.0.0.1"], ["::1"], ["fe80::1%1"],
        ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"],
        # A public address beside one that is not public.
        ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"],
    ],
)  # fmt: skip
def test_a_name_with_a_non_public_address_is_never_connected_to(
    resolved: list[str], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in resolved]
    found = [(kind, socket.SOCK_STREAM, 6, "", (each, 443)) for kind, each in zip(kinds, resolved, strict=True)]
    patch_resolver(monkeypatch, lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket was made"))
    assert code_of(post) == "AddressRefused"


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "[::1]"])
def test_every_spelling_of_loopback_is_refused(host: str, post: Post) -> None:
    with RawServer(OK) as server:
        assert code_of(lambda: post(f"https://{host}:{server.port}/")) in ("AddressRefused", "NotResolved")
        assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", HOST])
def test_without_tls_nothing_is_sent(host: str, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(OK) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert code_of(lambda: post(f"http://{host}:{server.port}/")) == "InvalidUrl"
        assert server.connections == 0


def test_a_local_stack_posts_without_tls_to_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    poster = PublicPost(allow_loopback=True)
    with RawServer(OK) as server:
        assert poster.post(f"{server.url}/hook", b"{}", {}).status == 200
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))]
        patch_resolver(monkeypatch, lambda *_, **__: found)
        assert code_of(lambda: poster.post(f"http://{HOST}/", b"{}", {})) == "AddressRefused"
        assert code_of(lambda: poster.post(f"https://127.0.0.1:{server.port}/", b"{}", {})) == "AddressRefused"


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_returned_and_not_followed(
    status: str, authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(OK) as elsewhere, tls(authority, whole(b"", status, f"Location: {elsewhere.url}\r\n")) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert post().status == int(status[:3])
        assert (len(server.requests), elsewhere.connections) == (1, 0)


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize("location", BAD_LOCATIONS)
def test_a_redirect_to_an_invalid_url_is_returned(
    location: str, authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls(authority, whole(b"", "302 Found", f"Location: {location}\r\n")) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert post() == Posted(302)


@pytest.mark.usefixtures("admitted")
def test_proxies_and_certificates_of_the_environment_are_ignored(
    authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tls(authority, OK) as server, RawServer(OK) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
        patch_resolver(monkeypatch, addresses(server.port))
        assert (post().status, proxy.connections) == (200, 0)


@pytest.mark.usefixtures("admitted")
def test_a_cookie_is_not_kept(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    poster = PublicPost(certificates=str(authority.bundle))
    with tls(authority, whole(b"{}", more="Set-Cookie: a=1\r\n")) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        for _ in range(2):
            poster.post(f"https://{HOST}/", b"{}", {})
        assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize(
    "response",
    [silent(), silent(b"HTTP/1.1 200 OK\r\n"), dripping(b"", b"H"), dripping(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n")],
    ids=["says nothing", "stops in the head", "drips no status", "drips headers"],
)
def test_a_slow_receiver_times_out_at_the_budget(
    response: Response, authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls(authority, response) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        started = time.monotonic()
        assert code_of(lambda: post(budget=BUDGET)) == "Timeout"
        assert time.monotonic() - started < BUDGET + MARGIN


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize("status", ["200 OK", "302 Found"])
def test_the_body_of_a_response_is_not_read(
    status: str, authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"HTTP/1.1 {status}\r\nLocation: https://{HOST}/\r\nContent-Length: 999999\r\n\r\n"
    with tls(authority, dripping(head.encode(), b"x" * 4096)) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        started = time.monotonic()
        assert post(budget=5).status == int(status[:3])
        assert time.monotonic() - started < MARGIN


@pytest.mark.usefixtures("admitted")
def test_a_compressed_body_of_a_redirect_is_not_decompressed(
    authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 64 MB that compress to 64 KB.
    body = gzip.compress(bytes(64 * 1024 * 1024))
    more = f"Location: https://{HOST}/\r\nContent-Encoding: gzip\r\n"
    with tls(authority, whole(body, "302 Found", more)) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        tracemalloc.start()
        try:
            assert post() == Posted(302)
            assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
        finally:
            tracemalloc.stop()


@pytest.mark.usefixtures("admitted")
def test_a_silent_network_times_out_at_the_budget(
    silent_port: int, hanging: threading.Event, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for resolver in (addresses(silent_port, silent_port), hangs(hanging)):
        patch_resolver(monkeypatch, resolver)
        started = time.monotonic()
        assert code_of(lambda: post(budget=BUDGET)) == "Timeout"
        assert time.monotonic() - started < BUDGET + MARGIN


def _unknown(*_: object, **__: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


@pytest.mark.usefixtures("admitted")
def test_each_kind_of_failure_has_its_code(
    authority: Authority, post: Post, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_post, "CONNECT_TIMEOUT", 0.3)
    patch_resolver(monkeypatch, addresses(silent_port))
    assert code_of(post) == "Timeout"
    monkeypatch.undo()
    monkeypatch.setattr(public_post._Public, "admits", staticmethod(lambda address: True))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    patch_resolver(monkeypatch, addresses(port))
    assert code_of(post) == "NotConnected"
    patch_resolver(monkeypatch, _unknown)
    assert code_of(post) == "NotResolved"
    for response in (lambda sock, stopping: sock.close(), whole(b"", "no status")):
        with tls(authority, response) as server:
            patch_resolver(monkeypatch, addresses(server.port))
            assert code_of(post) == "ConnectionLost"
    with RawServer(whole(b"no handshake"), speaks_first=True) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert code_of(post) == "TlsFailed"


@pytest.mark.usefixtures("admitted")
@pytest.mark.parametrize("fault", ["an authority that nobody knows", "another name"])
def test_the_certificate_must_be_trusted_and_name_the_host(
    fault: str, authority: Authority, post: Post, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = Authority(tmp_path, ["elsewhere.example"])
    trusted = other if fault == "another name" else authority
    with tls(other, OK) as server:
        patch_resolver(monkeypatch, addresses(server.port))
        assert code_of(lambda: post(certificates=str(trusted.bundle))) == "TlsFailed"
        assert server.requests == []
