"""A transport for requests that limits the time of a whole exchange: DNS, connection, TLS, request and response.

The timeouts of urllib3 do not limit the total. The connect timeout applies to each address of a host separately, DNS
has no timeout, and the read timeout restarts with each byte. Here each operation waits for its own timeout or for the
rest of the deadline, whichever is less.

There is no watchdog thread: starting and stopping one used a seventh of the CPU time of creating a verification.
"""

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from bridge.outbound.connecting import anywhere, connect

# Seconds. A kept connection is used again only if its last request is not older than this. After a longer pause the
# other side, or a NAT gateway on the way, may have forgotten the connection, and a POST on it is lost.
MAX_IDLE_SECONDS = 30


class Deadline:
    """A point in time, `seconds` after its creation."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange has passed")
        return left

    def limit(self, timeout: float | None) -> float:
        """Seconds that an operation with this timeout may take. Raises TimeoutError if there are none."""
        left = self.left()
        return left if timeout is None else min(left, timeout)

    def has_passed(self) -> bool:
        return time.monotonic() >= self._end


class _Exchange(threading.local):
    """The deadline of this thread's exchange. Outside of `within` the attribute is absent, so a request fails."""

    deadline: Deadline


_exchange = _Exchange()


class _Reader(io.RawIOBase):
    """Reads from a socket within a deadline."""

    def __init__(self, raw: Any, sock: Any, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.limit(self._timeout))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, _exchange.deadline))


class Bounded(HTTPConnection):
    response_class = _Response

    # Whether an address of the host may be connected to.
    admits = staticmethod(anywhere)
    # Epoch seconds. The monotonic clock may stand still while Lambda freezes the process.
    _last_used = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether urllib3 may send another request on this connection. If not, it makes a new one."""
        return time.time() - self._last_used <= MAX_IDLE_SECONDS and super().is_connected

    def _new_conn(self) -> socket.socket:
        """A connected socket. The connect timeout applies to all addresses together, and again to the TLS handshake."""
        deadline = _exchange.deadline
        try:
            window = Deadline(deadline.limit(self.timeout))
            sock = connect(self._dns_host, self.port, window, self.socket_options or (), self.admits)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, "no connection") from error
        try:
            # For Python the TLS handshake is one operation with one timeout.
            sock.settimeout(deadline.limit(self.timeout))
        except TimeoutError:
            sock.close()
            raise
        return sock

    def send(self, data: Any) -> None:
        """Sends headers or a body, each as a whole within the timeout and the deadline."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(_exchange.deadline.limit(self.timeout))
        self._last_used = time.time()
        super().send(data)


class BoundedTls(Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = BoundedTls


# By scheme.
Pools = Mapping[str, type[HTTPConnectionPool]]


class DeadlineAdapter(HTTPAdapter):
    """Mount it on a requests session. Run each exchange inside `within`, including the reading of its body."""

    pools: ClassVar[Pools] = {"http": _Pool, "https": _TlsPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


@contextlib.contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Ends this thread's exchange after `seconds`.

    The exchange then fails with varying errors, such as a timeout or a lost connection. `has_passed()` identifies them.
    """
    deadline = _exchange.deadline = Deadline(seconds)
    try:
        yield deadline
    finally:
        del _exchange.deadline
