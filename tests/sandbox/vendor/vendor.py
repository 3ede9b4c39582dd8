"""The stand-in as one object: started, stopped and ordered about by a test or the sandbox."""

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from werkzeug.serving import BaseWSGIServer

from .orders import play_with_fault
from .serving import application, listen, serve
from .state import Calls, State
from .waiting import Fault, On

RATE_LIMIT_PER_MINUTE = 400


class FakeVendor:
    """A vendor on this machine; what it remembers survives stop() and start(), which are thus an outage.

    Args:
        hosts: the addresses to listen on, all with the same port; `url` has the first.
        port: 0 picks a free one, which is kept for the next start().
        client_id, client_secret: what is accepted, until rotate().
        link_lifetime: seconds from a link's creation to its expiry.
        clock: seconds since 1970, for timestamps, expiry and the rate limit.
        public_url: replaces `url` in the links that browsers open; no trailing slash.
        rate_limit_per_minute: calls of the API in any 60 seconds; None for no limit.
        tls: with a certificate for the hosts, where callers insist on https.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        hosts: Sequence[str] = ("127.0.0.1",),
        port: int = 0,
        link_lifetime: float = 900.0,
        clock: Callable[[], float] = time.time,
        public_url: str | None = None,
        rate_limit_per_minute: int | None = RATE_LIMIT_PER_MINUTE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = tuple(hosts)
        self._port = port
        self._public_url = public_url
        self._tls = tls
        self._state = State((client_id, client_secret), link_lifetime, rate_limit_per_minute, clock)
        self._servers: list[tuple[BaseWSGIServer, threading.Thread]] = []

    @property
    def url(self) -> str:
        """http://host:port (https with `tls`) without a trailing slash; known from the first start() on."""
        if not self._port:
            raise RuntimeError("the port is picked by start()")
        host = f"[{self._hosts[0]}]" if ":" in self._hosts[0] else self._hosts[0]
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    def take_any_number(self) -> None:
        """No rate limit from now on."""
        self._state.limit.lift()

    def start(self) -> None:
        """Listen and answer, in threads of its own; returns when connections are accepted."""
        if self._servers:
            raise RuntimeError("already started")
        sockets = listen(self._hosts, self._port)
        self._port = sockets[0].getsockname()[1]
        self._state.link_base = self._public_url or self.url
        self._state.stopping.clear()
        app = application(self._state)
        self._servers = [serve(app, listening, self._tls) for listening in sockets]

    def stop(self) -> None:
        """Refuse connections from now on; answers that a fault holds back break off."""
        self._state.stopping.set()
        for server, thread in self._servers:
            server.shutdown()
            thread.join()
        self._servers = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fault(
        self,
        name: str,
        *,
        on: On = "any",
        times: int | None = 1,
        seconds: float | None = None,
        retry_after: int | None = None,
        location: str | None = None,
        token: str | None = None,
    ) -> None:
        """Let the next `times` calls go wrong (None: all until clear_faults()); names: FAULTS.

        Raises:
            UnknownNameError: there is no such fault.
        """
        self._state.queue(Fault(name, on, times, seconds, retry_after, location, token))

    def clear_faults(self) -> None:
        """No fault waits any more."""
        self._state.faults.clear()

    def play(self, token: str, outcome: str, *, fault: str | None = None) -> None:
        """Let outcomes ("9102+expired") happen to a link; `fault` strikes the next GET of its token.

        Raises:
            UnknownTokenError: no link has this token.
            UnknownNameError: there is no such outcome or fault.
            ValueError: a face error on a link of type 01.
        """
        play_with_fault(self._state, token, outcome, {"fault": fault})

    def tokens(self) -> list[str]:
        """The tokens of all links, oldest first."""
        return self._state.tokens()

    def raw_record(self, token: str) -> bytes:
        """The body that GET answers now, byte for byte. Raises UnknownTokenError."""
        return self._state.raw_record(token)

    def calls(self) -> Calls:
        """The calls counted since the start or the last reset()."""
        return self._state.calls()

    def rotate(self, client_id: str, client_secret: str) -> None:
        """From now on only these credentials are accepted."""
        self._state.rotate(client_id, client_secret)

    def reset(self) -> None:
        """As new: no links, calls or faults, and the first credentials."""
        self._state.reset()
