"""The client of the vendor's API, over real sockets, against a vendor that behaves as badly as vendors do."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.domain import errors
from bridge.domain.errors import (
    BridgeError,
    StorageUnavailable,
    VendorCredentials,
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from bridge.domain.verification import LinkRequest
from bridge.vendor.client import Link, Vendor
from tests.integration.harness import free
from tests.integration.raw_server import BAD_LOCATIONS, RawServer, dripping, whole
from tests.marks import slow_but
from tests.sandbox.vendor import FakeVendor

# Seconds: what a vendor that is too slow gets, and what all others get, which a busy machine does not use up either.
BUDGET = 1.5
PATIENCE = 20.0

ID, SECRET = "canary-id", "sk_canary-secret"
REQUEST = LinkRequest("00", "MYS", "ID_CARD", "https://app.example.com/done")
RETURN_URL = "https://bridge.example/return/ver_a/code"

Ask = Callable[[Vendor], object]
Make = Callable[..., Vendor]


class Credentials:
    """Cached as the real ones are; keeps how they were asked for, which is once for each attempt."""

    def __init__(self, client_id: str = ID, client_secret: str = SECRET) -> None:
        self.stored = self._cached = (client_id, client_secret)
        self.reads: list[str] = []

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        self.reads.append("fresh" if fresh else "cached")
        if fresh:
            self._cached = self.stored
        return dict(zip(("client_id", "client_secret"), self._cached, strict=True))


@pytest.fixture
def fake_vendor() -> Iterator[FakeVendor]:
    with FakeVendor(client_id=ID, client_secret=SECRET) as running:
        yield running


@pytest.fixture
def credentials() -> Credentials:
    return Credentials()


@pytest.fixture
def client(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes clients of an address, which wait as little between attempts as they may; only the budget cuts them off."""
    monkeypatch.setattr("bridge.vendor.transport.READ_TIMEOUT", 2 * PATIENCE)
    made: list[Vendor] = []

    def make(url: str, *, budget: float = PATIENCE, credentials: Any = credentials) -> Vendor:
        made.append(Vendor(url, credentials, budget=budget, draw=lambda low, high: low))
        return made[-1]

    yield make
    for vendor in made:
        vendor._transport._session.close()


def create(vendor: Vendor) -> Link:
    return vendor.create_link(REQUEST, RETURN_URL, permit=free)


by_call = pytest.mark.parametrize(
    "ask", [create, lambda vendor: vendor.fetch("TOKEN", permit=free)], ids=["create", "fetch"]
)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that a traceback of it shows."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def error_of(ask: Callable[[], object], *canaries: str) -> type[VendorError]:
    """The named error that a call ends in: in time, and without a canary in it or in its causes."""
    started = time.monotonic()
    with pytest.raises(VendorError) as raised:
        ask()
    assert time.monotonic() - started < PATIENCE
    shown = "\n".join(f"{error!r} {error} {vars(error)}" for error in chain(raised.value))
    assert not [canary for canary in (ID, SECRET, *canaries) if canary in shown]
    return next(kind for kind in type(raised.value).__mro__ if kind in vars(errors).values())


# Faults by the error that they end in, and by how many calls a create and a fetch then make of them.
_BY_ERROR: list[tuple[type[BridgeError], int, int, str]] = [
    (VendorCredentials, 2, 2, "401 403 inner_status:401"),
    (VendorRejected, 1, 1, "404 422 inner_status:404"),
    (VendorRateLimited, 1, 1, "429 inner_status:429"),
    (VendorUnavailable, 1, 3, "500 503 502_html inner_status:500 reset reset_after truncated"),
    (VendorMalformed, 1, 3, "html garbage empty redirect"),
    # The fields of a result are checked when the response is complete.
    (VendorMalformed, 1, 1, "wrong_kinds"),
    (VendorTimeout, 1, 1, "slow drip drip_headers"),
]
FAULTS = {name: (kind, creates, gets) for kind, creates, gets, names in _BY_ERROR for name in names.split()}
# Seconds before the response, and from one byte to the next.
SECONDS = {"slow": 2 * PATIENCE, "drip": 0.1, "drip_headers": 0.1}
MAKES_A_LINK = {"reset_after", "truncated", "slow", "drip", "drip_headers"}
ALL = slow_but(*(FAULTS.keys() - {"drip", "drip_headers"}), of=FAULTS)


def budget_for(fault: str) -> float:
    return BUDGET if fault in SECONDS else PATIENCE


@pytest.mark.parametrize("fault", ALL)
def test_creating_ends_in_the_named_error_and_never_makes_a_second_link(
    fault: str, fake_vendor: FakeVendor, client: Make
) -> None:
    fake_vendor.fault(fault, on="create", times=None, seconds=SECONDS.get(fault))
    kind, calls, _ = FAULTS[fault]
    assert error_of(lambda: create(client(fake_vendor.url, budget=budget_for(fault)))) is kind
    assert fake_vendor.calls()["create"] == calls
    assert len(fake_vendor.tokens()) == (fault in MAKES_A_LINK)


@pytest.mark.parametrize("fault", ALL)
def test_fetching_ends_in_the_named_error(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get", times=None, seconds=SECONDS.get(fault))
    kind, _, calls = FAULTS[fault]
    vendor = client(fake_vendor.url, budget=budget_for(fault))
    assert error_of(lambda: vendor.fetch(token, permit=free).result, token) is kind
    assert fake_vendor.calls()["get"] == calls


PASSING = [name for name, (_, _, calls) in FAULTS.items() if calls > 1]


@pytest.mark.parametrize("fault", PASSING)
def test_fetching_gets_over_a_fault_that_passes(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get")
    assert client(fake_vendor.url).fetch(token, permit=free).raw == fake_vendor.raw_record(token)
    assert fake_vendor.calls()["get"] == 2


@pytest.mark.parametrize("fault", [name for name in PASSING if not name.endswith(("401", "403"))])
def test_without_retry_the_vendor_is_called_once(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get")
    assert error_of(lambda: client(fake_vendor.url).fetch(token, retry=False, permit=free), token) is FAULTS[fault][0]
    assert fake_vendor.calls()["get"] == 1


def test_a_link_is_what_the_vendor_made_of_the_request(fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(f"{fake_vendor.url}")
    link = create(vendor)
    assert [link.token] == fake_vendor.tokens()
    assert link.url == f"{fake_vendor.url}/verifications?token={link.token}"
    record = vendor.fetch(link.token, permit=free).result
    assert (record["type"], record["ocr_country"], record["ocr_type"]) == ("00", "MYS", "ID_CARD")
    assert record["redirect_url"] == RETURN_URL


@pytest.mark.parametrize(
    "outcome", ["untouched", "verified", "verified+big_pictures", "verified+unknown_fields+nested"]
)
def test_a_record_comes_byte_for_byte(outcome: str, fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url)
    token = create(vendor).token
    fake_vendor.play(token, outcome)
    assert vendor.fetch(token, permit=free).raw == fake_vendor.raw_record(token)


def test_a_retry_after_within_the_budget_is_waited_for(fake_vendor: FakeVendor, client: Make) -> None:
    fake_vendor.fault("429", on="create", retry_after=1)
    assert create(client(fake_vendor.url)).token in fake_vendor.tokens()
    assert fake_vendor.calls()["create"] == 2


def test_nothing_is_sent_once_earlier_calls_have_spent_the_budget(fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url, budget=PATIENCE)
    assert error_of(lambda: vendor.fetch("TOKEN", permit=free, spent=PATIENCE), "TOKEN") is VendorTimeout
    assert fake_vendor.calls()["get"] == 0


@pytest.mark.parametrize(("fault", "kind"), [("429", VendorRateLimited), ("503", VendorUnavailable)])
def test_a_retry_after_beyond_the_budget_is_passed_on(
    fault: str, kind: type[VendorError], fake_vendor: FakeVendor, client: Make
) -> None:
    fake_vendor.fault(fault, on="create", times=None, retry_after=77)
    with pytest.raises(kind) as raised:
        create(client(fake_vendor.url))
    assert raised.value.retry_after == 77
    assert fake_vendor.calls()["create"] == 1


@by_call
def test_a_response_larger_than_any_record_is_not_read_to_its_end(
    ask: Ask, fake_vendor: FakeVendor, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.MAX_RESPONSE_BYTES", 1024 * 1024)
    fake_vendor.fault("huge", times=None)
    assert error_of(lambda: ask(client(fake_vendor.url)), "TOKEN") is VendorMalformed


@by_call
def test_a_refused_connection_has_no_effect_and_is_tried_again(
    ask: Ask, fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    fake_vendor.stop()
    assert error_of(lambda: ask(client(fake_vendor.url)), "TOKEN") is VendorUnavailable
    assert len(credentials.reads) == 3
    fake_vendor.start()
    assert create(client(fake_vendor.url)).token in fake_vendor.tokens()


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_a_redirect_is_not_followed_for_it_would_carry_the_credentials_elsewhere(status: str, client: Make) -> None:
    with RawServer(whole(b'{"status": 200, "result": {}}')) as elsewhere:
        location = f"{status} Moved\r\nLocation: {elsewhere.url}/api/ekyc/verifications/TOKEN"
        with RawServer(whole(b"", location)) as vendor:
            assert error_of(lambda: create(client(vendor.url))) is VendorMalformed
            assert error_of(lambda: client(vendor.url).fetch("TOKEN", permit=free), "TOKEN") is VendorMalformed
        assert elsewhere.connections == 0


@by_call
@pytest.mark.parametrize("location", BAD_LOCATIONS)
def test_a_redirect_to_what_is_no_url_is_malformed(location: str, ask: Ask, client: Make) -> None:
    with RawServer(whole(b"", "302 Found", f"Location: {location}\r\n")) as vendor:
        assert error_of(lambda: ask(client(vendor.url)), "TOKEN") is VendorMalformed


@by_call
def test_a_redirect_larger_than_any_record_is_not_read_to_its_end(
    ask: Ask, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.MAX_RESPONSE_BYTES", 1024 * 1024)
    endless = dripping(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", bytes(256 * 1024), seconds=0.01)
    with RawServer(endless) as vendor:
        assert error_of(lambda: ask(client(vendor.url)), "TOKEN") is VendorMalformed


def test_cookie_of_the_vendor_is_not_sent_with_any_later_request(client: Make) -> None:
    """Neither its own person's next request, on the same connection or a new one, nor another's carries it."""
    cookies = "Set-Cookie: session=of-person-1; Path=/\r\nSet-Cookie: kept=1; Max-Age=3600; Path=/; HttpOnly\r\n"
    link = b'{"status": 200, "result": {"url": "https://vendor.example", "token": "TOKEN1"}}'
    with RawServer(
        whole(link, more=cookies), whole(b"", "500 Error", cookies), whole(b'{"result": {}}', more=cookies)
    ) as server:
        vendor = client(server.url)
        create(vendor)
        vendor.fetch("TOKEN1", permit=free)
        vendor.fetch("TOKEN2", permit=free)
    assert len(server.requests) == 4
    assert [request for request in server.requests if b"cookie" in request.lower()] == []


def test_credentials_that_were_rotated_are_fetched_afresh_once(
    fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    vendor = client(fake_vendor.url)
    fake_vendor.rotate("new-id", "sk_new")
    credentials.stored = ("new-id", "sk_new")
    token = create(vendor).token
    assert credentials.reads == ["cached", "fresh"]
    vendor.fetch(token, permit=free)
    assert credentials.reads == ["cached", "fresh", "cached"]
    assert fake_vendor.calls()["unauthorized"] == 1
    assert len(fake_vendor.tokens()) == 1


def test_credentials_that_stay_wrong_are_not_tried_a_third_time(
    fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    fake_vendor.rotate("new-id", "sk_new")
    assert error_of(lambda: client(fake_vendor.url).fetch("TOKEN", permit=free), "TOKEN") is VendorCredentials
    assert credentials.reads == ["cached", "fresh"]
    assert fake_vendor.calls()["unauthorized"] == 2


@pytest.mark.parametrize("error", [VendorCredentials(), StorageUnavailable("GetSecretValue", "AccessDenied")])
def test_without_credentials_the_vendor_is_not_called(
    error: BridgeError, fake_vendor: FakeVendor, client: Make
) -> None:
    class NoCredentials:
        def headers(self, *, fresh: bool = False) -> dict[str, str]:
            raise error

    with pytest.raises(type(error)):
        create(client(fake_vendor.url, credentials=NoCredentials()))
    assert fake_vendor.calls()["create"] == 0


@pytest.mark.parametrize("secret", [" sk_canary-secret", "sk_canary-secret\r\nX: 1", "sk_canary-secret\n"])
def test_credentials_that_fit_no_header_are_in_no_error(secret: str, fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url, credentials=Credentials(ID, secret))
    assert issubclass(error_of(lambda: create(vendor)), VendorError)


def test_proxies_and_netrc_of_the_environment_see_nothing(
    client: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\ndefault login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(whole(b"{}", "502 Bad Gateway")) as proxy, RawServer(whole(b'{"result": {"a": 1}}')) as vendor:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert client(vendor.url).fetch("TOKEN", permit=free).result == {"a": 1}
    assert proxy.connections == 0
    [request] = vendor.requests
    head = request.decode().split("\r\n")
    assert head[0] == "GET /api/ekyc/verifications/TOKEN HTTP/1.1"
    assert {f"client_id: {ID}", f"client_secret: {SECRET}"} <= set(head)
    assert "authorization" not in request.decode().lower()


@pytest.mark.parametrize(
    "result",
    [
        b"{}",
        b'{"url": "https://vendor.example"}',
        b'{"token": "4KK"}',
        b'{"url": "javascript:alert(1)", "token": "4KK"}',
        b'{"url": "//vendor.example", "token": "4KK"}',
        b'{"url": "https://vendor.example/' + b"x" * 5000 + b'", "token": "4KK"}',
        b'{"url": ["https://vendor.example"], "token": "4KK"}',
        b'{"url": "https://vendor.example/\\r\\nSet-Cookie: a=b", "token": "4KK"}',
        b'{"url": "https://vendor.example/a b", "token": "4KK"}',
        b'{"url": "https://vendor.example", "token": ""}',
        b'{"url": "https://vendor.example", "token": "../admin"}',
        b'{"url": "https://vendor.example", "token": "4KK?x=1"}',
        b'{"url": "https://vendor.example", "token": "4KK\\n"}',
        b'{"url": "https://vendor.example", "token": "' + b"4" * 513 + b'"}',
        b'{"url": "https://vendor.example", "token": 4}',
        b"null",
        b"[]",
    ],
)
def test_a_link_that_leads_nowhere_safe_is_the_vendors_fault(result: bytes, client: Make) -> None:
    with RawServer(whole(b'{"status": 200, "result": ' + result + b"}")) as vendor:
        assert error_of(lambda: create(client(vendor.url)), "vendor.example", "admin") is VendorMalformed
        assert len(vendor.requests) == 1
