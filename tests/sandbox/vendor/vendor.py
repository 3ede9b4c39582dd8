"""The fake vendor as one object: started, stopped and driven by a test or the sandbox."""

import ssl
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from tests.sandbox.serving import Server

from .fault_queue import Fault
from .limit import RATE_LIMIT_PER_MINUTE
from .serving import Handler, application
from .state import State

__all__ = ["RATE_LIMIT_PER_MINUTE", "FakeVendor"]


class FakeVendor(State):
    """A vendor on this machine; it keeps its state between stop() and start(), which are thus an outage.

    Args:
        hosts: the addresses to listen on, all with the same port; `url` has the first.
        port: 0 picks a free one, which is kept for the next start().
        client_id, client_secret: the accepted credentials, until rotate().
        link_lifetime: seconds from a link's creation to its expiry.
        clock: seconds since 1970, for timestamps, expiry and the rate limit.
        public_url: replaces `url` in the links that browsers open; no trailing slash.
        rate_limit_per_minute: calls of the API in any 60 seconds; None for no limit.
        tls: with a certificate for the hosts, for callers that insist on https.
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
        super().__init__((client_id, client_secret), link_lifetime, rate_limit_per_minute, clock)
        self._hosts = tuple(hosts)
        self._port = port
        self._public_url = public_url
        self._tls = tls
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """http://host:port (https with `tls`) without a trailing slash; known from the first start() on."""
        if not self._port:
            raise RuntimeError("the port is picked by start()")
        host = f"[{self._hosts[0]}]" if ":" in self._hosts[0] else self._hosts[0]
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    def take_any_number(self) -> None:
        """No rate limit from now on."""
        self.limit.lift()

    def start(self) -> None:
        """Listens and responds, in threads of its own; returns when connections are accepted."""
        if self._server is not None:
            raise RuntimeError("already started")
        self._server = Server(self._hosts, self._port, tls=self._tls)
        self._port = self._server.port
        self.link_base = self._public_url or self.url
        self.stopping.clear()
        self._server.start(application(self), Handler)

    def stop(self) -> None:
        """Refuses connections from now on; responses that a fault holds back break off."""
        self.stopping.set()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fault(self, name: str, **options: Any) -> None:
        """Lets calls go wrong; `options` are the fields of Fault. Raises UnknownNameError."""
        self.queue(Fault(name, **options))

    def play(self, token: str, outcome: str, *, fault: str | None = None) -> None:
        """play_with_fault(), with a fault by its name alone."""
        self.play_with_fault(token, outcome, {"fault": fault})
