"""The client of the vendor's API, over real sockets, against a faulty vendor."""

import socket
import threading

import pytest

from bridge.domain.errors import (
    BridgeError,
    VendorCredentials,
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from tests.integration.harness import no_limit
from tests.integration.raw_server import RawServer, whole
from tests.integration.vendor_calls import PATIENCE, RETURN_URL, Call, Credentials, Make, by_call, create, error_of
from tests.marks import slow_except
from tests.sandbox.vendor import FakeVendor

# Seconds: the budget for a vendor that is too slow.
BUDGET = 1.5

# The error that each fault leads to, and how many calls a create and a fetch then make.
_BY_ERROR: list[tuple[type[BridgeError], int, int, str]] = [
    (VendorCredentials, 2, 2, "401 403 inner_status:401"),
    (VendorRejected, 1, 1, "404 422 inner_status:404"),
    (VendorRateLimited, 1, 1, "429 inner_status:429"),
    (VendorUnavailable, 1, 3, "500 503 502_html inner_status:500 reset reset_after truncated"),
    (VendorMalformed, 1, 3, "html garbage empty redirect"),
    # The result is read after the response is complete, so no retry follows.
    (VendorMalformed, 1, 1, "wrong_kinds"),
    (VendorTimeout, 1, 1, "slow drip drip_headers"),
]
FAULTS = {name: (kind, creates, gets) for kind, creates, gets, names in _BY_ERROR for name in names.split()}
# Seconds before the response, or between two bytes.
SECONDS = {"slow": 2 * PATIENCE, "drip": 0.1, "drip_headers": 0.1}
MAKES_A_LINK = {"reset_after", "truncated", "slow", "drip", "drip_headers"}
ALL = slow_except(*(FAULTS.keys() - {"drip", "drip_headers"}), of=FAULTS)


def budget_for(fault: str) -> float:
    return BUDGET if fault in SECONDS else PATIENCE


@pytest.mark.parametrize("fault", ALL)
def test_a_create_raises_the_named_error_and_never_makes_a_second_link(
    fault: str, fake_vendor: FakeVendor, client: Make
) -> None:
    fake_vendor.fault(fault, on="create", times=None, seconds=SECONDS.get(fault))
    kind, calls, _ = FAULTS[fault]
    assert error_of(lambda: create(client(fake_vendor.url, budget=budget_for(fault)))) is kind
    assert fake_vendor.calls()["create"] == calls
    assert len(fake_vendor.tokens()) == (fault in MAKES_A_LINK)


@pytest.mark.parametrize("fault", ALL)
def test_a_fetch_raises_the_named_error(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get", times=None, seconds=SECONDS.get(fault))
    kind, _, calls = FAULTS[fault]
    vendor = client(fake_vendor.url, budget=budget_for(fault))
    assert error_of(lambda: vendor.fetch(token, permit=no_limit).result, token) is kind
    assert fake_vendor.calls()["get"] == calls


PASSING = [name for name, (_, _, calls) in FAULTS.items() if calls > 1]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fetch_is_retried_after_a_transient_fault(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get")
    assert client(fake_vendor.url).fetch(token, permit=no_limit).raw == fake_vendor.raw_record(token)
    assert fake_vendor.calls()["get"] == 2


@pytest.mark.parametrize("fault", [name for name in PASSING if not name.endswith(("401", "403"))])
def test_without_retry_the_vendor_is_called_once(fault: str, fake_vendor: FakeVendor, client: Make) -> None:
    token = create(client(fake_vendor.url)).token
    fake_vendor.fault(fault, on="get")
    assert (
        error_of(lambda: client(fake_vendor.url).fetch(token, retry=False, permit=no_limit), token) is FAULTS[fault][0]
    )
    assert fake_vendor.calls()["get"] == 1


def test_a_link_has_the_url_and_token_that_the_vendor_made(fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(f"{fake_vendor.url}")
    link = create(vendor)
    assert [link.token] == fake_vendor.tokens()
    assert link.url == f"{fake_vendor.url}/verifications?token={link.token}"
    record = vendor.fetch(link.token, permit=no_limit).result
    assert (record["type"], record["ocr_country"], record["ocr_type"]) == ("00", "MYS", "ID_CARD")
    assert record["redirect_url"] == RETURN_URL


@pytest.mark.parametrize(
    "outcome", ["untouched", "verified", "verified+big_pictures", "verified+unknown_fields+nested"]
)
def test_a_record_is_returned_byte_for_byte(outcome: str, fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url)
    token = create(vendor).token
    fake_vendor.play(token, outcome)
    assert vendor.fetch(token, permit=no_limit).raw == fake_vendor.raw_record(token)


def test_a_retry_after_within_the_budget_is_waited_for(fake_vendor: FakeVendor, client: Make) -> None:
    fake_vendor.fault("429", on="create", retry_after=1)
    assert create(client(fake_vendor.url)).token in fake_vendor.tokens()
    assert fake_vendor.calls()["create"] == 2


def test_nothing_is_sent_once_earlier_calls_have_spent_the_budget(fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url, budget=PATIENCE)
    assert error_of(lambda: vendor.fetch("TOKEN", permit=no_limit, spent=PATIENCE), "TOKEN") is VendorTimeout
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
def test_an_oversized_response_is_not_read_to_its_end(
    call: Call, fake_vendor: FakeVendor, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.MAX_RESPONSE_BYTES", 1024 * 1024)
    fake_vendor.fault("huge", times=None)
    assert error_of(lambda: call(client(fake_vendor.url)), "TOKEN") is VendorMalformed


@by_call
def test_a_refused_connection_is_retried(
    call: Call, fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    fake_vendor.stop()
    assert error_of(lambda: call(client(fake_vendor.url)), "TOKEN") is VendorUnavailable
    assert len(credentials.reads) == 3
    fake_vendor.start()
    assert create(client(fake_vendor.url)).token in fake_vendor.tokens()


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
def test_an_unsafe_or_incomplete_link_is_malformed(result: bytes, client: Make) -> None:
    with RawServer(whole(b'{"status": 200, "result": ' + result + b"}")) as vendor:
        assert error_of(lambda: create(client(vendor.url)), "vendor.example", "admin") is VendorMalformed
        assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "response",
    [
        b"garbage\r\n\r\n",
        b"HTTP/3.0 200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["garbage", "version", "status", "two lengths", "long header", "many headers", "chunk", "gzip"],
)
def test_bytes_that_are_no_http_response_are_malformed(response: bytes, client: Make) -> None:
    def raw(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(response)

    with RawServer(raw) as vendor:
        assert error_of(lambda: create(client(vendor.url))) is VendorMalformed


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])
def test_a_response_that_is_cut_off_is_unavailable(response: bytes, client: Make) -> None:
    def raw(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(response)
        connection.shutdown(socket.SHUT_RDWR)

    with RawServer(raw) as vendor:
        assert error_of(lambda: create(client(vendor.url))) is VendorUnavailable
