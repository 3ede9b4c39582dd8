"""A transport for requests that bounds a whole exchange.

The timeouts of urllib3 begin anew with each byte that arrives, so a server that sends one byte a second holds its
caller for ever. Here no read of an answer, be it of its status line, headers or body, waits beyond the deadline. What
comes before bounds itself: Python's handshake of TLS and its sending count their timeout as a whole.

Without a thread that watches: to start and stop one took a seventh of what creating a verification costs the processor.
"""

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange has passed")
        return left

    def has_passed(self) -> bool:
        return time.monotonic() >= self._end


class _Exchange(threading.local):
    deadline: Deadline | None = None


_exchange = _Exchange()


class _Reader(io.RawIOBase):
    """The bytes of a socket; each read waits for as long as the socket would, and as the deadline lets it."""

    def __init__(self, raw: Any, sock: Any, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.left()
        self._sock.settimeout(left if self._timeout is None else min(left, self._timeout))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if _exchange.deadline is not None:
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, _exchange.deadline))


class _Bounded(HTTPConnection):
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        # Nothing is sent that nobody would wait for.
        if _exchange.deadline is not None and _exchange.deadline.has_passed():
            self.close()
            raise TimeoutError("the deadline passed while connecting")


class _BoundedTls(_Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


class DeadlineAdapter(HTTPAdapter):
    """Mount it on a requests session, and wrap each exchange, the reading of its body included, in `within`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


@contextlib.contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Ends this thread's exchange after `seconds`.

    What that looks like to the reader differs (a timeout, a lost connection), so ask the deadline.
    """
    deadline = _exchange.deadline = Deadline(seconds)
    try:
        yield deadline
    finally:
        _exchange.deadline = None
