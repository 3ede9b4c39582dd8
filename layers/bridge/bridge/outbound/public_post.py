"""Posts to URLs that somebody else chose. Connects only to addresses of the public internet.

`connect` resolves the name once, and connects to the addresses that it checked. TLS verifies that the certificate is
for the host. Redirects and the environment's proxies are ignored.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import requests
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bridge.domain import addresses
from bridge.domain.errors import DeliveryFailed
from bridge.outbound.connecting import AddressRefused
from bridge.outbound.deadline import Bounded, BoundedTls, DeadlineAdapter, Pools, within
from bridge.outbound.session import Session

# Seconds, from resolving the name to the last header of the response.
BUDGET = 10.0
CONNECT_TIMEOUT = 4.0

# A connection that is kept would mostly be found closed after a pause of minutes.
_HEADERS = {"User-Agent": "ekyc-bridge", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}


class _Public(BoundedTls):
    admits = staticmethod(addresses.is_public)


class _Loopback(Bounded):
    admits = staticmethod(addresses.is_loopback)


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _Public


class _LoopbackPool(HTTPConnectionPool):
    ConnectionCls = _Loopback


class _PublicAdapter(DeadlineAdapter):
    pools: ClassVar[Pools] = {"https": _PublicPool}


class _LoopbackAdapter(DeadlineAdapter):
    pools: ClassVar[Pools] = {"http": _LoopbackPool}


class Posted(NamedTuple):
    """What came back. `retry_after` is the header as it stands."""

    status: int
    retry_after: str | None = None


class PublicPost:
    """`allow_loopback` admits http to this machine as well. `certificates` is a bundle in place of certifi's."""

    def __init__(
        self, *, allow_loopback: bool = False, budget: float = BUDGET, certificates: str | None = None
    ) -> None:
        self._budget = budget
        loopback = {"http": _LoopbackAdapter()} if allow_loopback else {}
        self._session = Session(https=_PublicAdapter(), **loopback)
        self._session.verify = certificates or True
        self._session.headers.clear()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Sends `body`, and returns what came back, whatever its status; DeliveryFailed where nothing did.

        Of a response the head alone is read.
        """
        sent = {**_HEADERS, **headers}
        try:
            with within(self._budget) as exchange:
                try:
                    with self._session.post(
                        url,
                        data=body,
                        headers=sent,
                        timeout=(CONNECT_TIMEOUT, self._budget),
                        allow_redirects=False,
                        stream=True,
                    ) as response:
                        return Posted(response.status_code, response.headers.get("Retry-After"))
                except requests.RequestException as error:
                    # Its text quotes the URL, so nothing is chained to it.
                    raise DeliveryFailed(code="Timeout" if exchange.has_passed() else _code(error)) from None
        except AddressRefused:
            raise DeliveryFailed(code="AddressRefused") from None


def _code(error: requests.RequestException) -> str:
    """Why there was no response."""
    if isinstance(error, requests.exceptions.SSLError):
        return "TlsFailed"
    if isinstance(error, requests.Timeout):
        return "Timeout"
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if type(reason).__name__ == "NameResolutionError":
        return "NotResolved"
    if type(reason).__name__ == "NewConnectionError":
        return "NotConnected"
    return "InvalidUrl" if isinstance(error, ValueError) else "ConnectionLost"
