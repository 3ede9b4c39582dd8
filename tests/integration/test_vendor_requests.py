"""What the client sends to the vendor: its credentials, no cookies, and nothing to redirects and proxies."""

from pathlib import Path

import pytest

from bridge.domain.errors import BridgeError, StorageUnavailable, VendorCredentials, VendorError, VendorMalformed
from tests.integration.harness import no_limit
from tests.integration.raw_server import BAD_LOCATIONS, RawServer, dripping, whole
from tests.integration.vendor_calls import ID, SECRET, Call, Credentials, Make, by_call, create, error_of
from tests.sandbox.vendor import FakeVendor


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_a_redirect_is_not_followed_with_the_credentials(status: str, client: Make) -> None:
    with RawServer(whole(b'{"status": 200, "result": {}}')) as elsewhere:
        location = f"{status} Moved\r\nLocation: {elsewhere.url}/api/ekyc/verifications/TOKEN"
        with RawServer(whole(b"", location)) as vendor:
            assert error_of(lambda: create(client(vendor.url))) is VendorMalformed
            assert error_of(lambda: client(vendor.url).fetch("TOKEN", permit=no_limit), "TOKEN") is VendorMalformed
        assert elsewhere.connections == 0


@by_call
@pytest.mark.parametrize("location", BAD_LOCATIONS)
def test_a_redirect_to_an_invalid_url_is_malformed(location: str, call: Call, client: Make) -> None:
    with RawServer(whole(b"", "302 Found", f"Location: {location}\r\n")) as vendor:
        assert error_of(lambda: call(client(vendor.url)), "TOKEN") is VendorMalformed


@by_call
def test_an_oversized_redirect_is_not_read_to_its_end(
    call: Call, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.vendor.transport.MAX_RESPONSE_BYTES", 1024 * 1024)
    endless = dripping(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", bytes(256 * 1024), seconds=0.01)
    with RawServer(endless) as vendor:
        assert error_of(lambda: call(client(vendor.url)), "TOKEN") is VendorMalformed


def test_a_cookie_of_the_vendor_is_never_sent_back(client: Make) -> None:
    # Later requests for the same person and for another one, on the same connection and on a new one.
    cookies = "Set-Cookie: session=of-person-1; Path=/\r\nSet-Cookie: kept=1; Max-Age=3600; Path=/; HttpOnly\r\n"
    link = b'{"status": 200, "result": {"url": "https://vendor.example", "token": "TOKEN1"}}'
    with RawServer(
        whole(link, more=cookies), whole(b"", "500 Error", cookies), whole(b'{"result": {}}', more=cookies)
    ) as server:
        vendor = client(server.url)
        create(vendor)
        vendor.fetch("TOKEN1", permit=no_limit)
        vendor.fetch("TOKEN2", permit=no_limit)
    assert len(server.requests) == 4
    assert [request for request in server.requests if b"cookie" in request.lower()] == []


def test_rotated_credentials_are_fetched_again_once(
    fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    vendor = client(fake_vendor.url)
    fake_vendor.rotate("new-id", "sk_new")
    credentials.stored = ("new-id", "sk_new")
    token = create(vendor).token
    assert credentials.reads == ["cached", "fresh"]
    vendor.fetch(token, permit=no_limit)
    assert credentials.reads == ["cached", "fresh", "cached"]
    assert fake_vendor.calls()["unauthorized"] == 1
    assert len(fake_vendor.tokens()) == 1


def test_wrong_credentials_are_tried_only_twice(
    fake_vendor: FakeVendor, client: Make, credentials: Credentials
) -> None:
    fake_vendor.rotate("new-id", "sk_new")
    assert error_of(lambda: client(fake_vendor.url).fetch("TOKEN", permit=no_limit), "TOKEN") is VendorCredentials
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
def test_no_error_quotes_credentials_that_fit_no_header(secret: str, fake_vendor: FakeVendor, client: Make) -> None:
    vendor = client(fake_vendor.url, credentials=Credentials(ID, secret))
    assert issubclass(error_of(lambda: create(vendor)), VendorError)


def test_proxies_and_netrc_of_the_environment_are_ignored(
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
        assert client(vendor.url).fetch("TOKEN", permit=no_limit).result == {"a": 1}
    assert proxy.connections == 0
    [request] = vendor.requests
    head = request.decode().split("\r\n")
    assert head[0] == "GET /api/ekyc/verifications/TOKEN HTTP/1.1"
    assert {f"client_id: {ID}", f"client_secret: {SECRET}"} <= set(head)
    assert "authorization" not in request.decode().lower()
