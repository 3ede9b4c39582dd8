"""A transport for requests that bounds a whole exchange.

The timeouts of urllib3 begin anew with each byte that arrives, so a server that sends one byte a second holds its
caller for ever. Here a timer cuts the connection at the deadline, wherever the exchange stands: status line, headers or
body.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Exchange(threading.local):
    sock: socket.socket | None = None
    is_cut: threading.Event | None = None


_exchange = _Exchange()


class _Cuttable(HTTPConnection):
    """Shows the timer the socket that this thread's exchange goes through, whether it is new or kept alive."""

    def connect(self) -> None:
        super().connect()
        self._show()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            self._show()
        super().request(*args, **kwargs)

    def _show(self) -> None:
        # The socket itself: a connection forgets it as soon as an answer's headers say that it is the last.
        _exchange.sock = self.sock
        # The deadline may have passed while there was nothing to cut.
        if _exchange.is_cut is not None and _exchange.is_cut.is_set():
            self.close()
            raise TimeoutError("cut at the deadline")


class _CuttableTls(_Cuttable, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Cuttable


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CuttableTls


class DeadlineAdapter(HTTPAdapter):
    """Mount it on a requests session, and wrap each exchange, the reading of its body included, in `cut_after`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


@contextlib.contextmanager
def cut_after(seconds: float) -> Iterator[threading.Event]:
    """Cuts this thread's exchange after `seconds`; the event that it gives is set when that happened.

    What a cut looks like to the reader differs (a reset, an early end, a body that seems whole), so ask the event.
    """
    is_cut = threading.Event()
    _exchange.sock, _exchange.is_cut = None, is_cut
    this_thread = vars(_exchange)

    def cut() -> None:
        is_cut.set()
        sock = this_thread["sock"]
        if sock is not None:
            with contextlib.suppress(OSError):
                # The plain socket's own shutdown: that of TLS would also forget its state under the reader's hands.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield is_cut
    finally:
        timer.cancel()
        _exchange.sock, _exchange.is_cut = None, None
