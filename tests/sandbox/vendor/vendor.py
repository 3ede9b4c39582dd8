"""The fake vendor as one object, which a test or the sandbox starts, stops and controls."""

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
    """A fake vendor. It keeps its state between stop() and start(), so that a test can make an outage.

    Args:
        hosts: the addresses to listen on, all with the same port. `url` has the first.
        client_id, client_secret: the accepted credentials, until rotate().
        link_lifetime: seconds from a link's creation to its expiry.
        clock: returns seconds since 1970, for timestamps, expiry and the rate limit.
        rate_limit_per_minute: the most API calls in any 60 seconds, or None for no limit.
        tls: serves https, with a certificate for the hosts.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        hosts: Sequence[str] = ("127.0.0.1",),
        link_lifetime: float = 900.0,
        clock: Callable[[], float] = time.time,
        rate_limit_per_minute: int | None = RATE_LIMIT_PER_MINUTE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((client_id, client_secret), link_lifetime, rate_limit_per_minute, clock)
        self._hosts = tuple(hosts)
        # start() picks a free one, and the next start() uses it again.
        self._port = 0
        self._tls = tls
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """http://host:port (https with `tls`), no trailing slash. Raises RuntimeError before the first start()."""
        if not self._port:
            raise RuntimeError("the port is picked by start()")
        host = f"[{self._hosts[0]}]" if ":" in self._hosts[0] else self._hosts[0]
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    def remove_rate_limit(self) -> None:
        """Removes the rate limit."""
        self.limit.remove()

    def start(self) -> None:
        """Starts the server in its own threads. It accepts connections when this returns."""
        if self._server is not None:
            raise RuntimeError("already started")
        self._server = Server(self._hosts, self._port, tls=self._tls)
        self._port = self._server.port
        self.link_base = self.url
        self.stopping.clear()
        self._server.start(application(self), Handler)

    def stop(self) -> None:
        """Stops the server, and ends responses that a fault delays."""
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
        """Queues a fault. `options` are the fields of Fault. Raises UnknownNameError."""
        self.queue(Fault(name, **options))

    def play(self, token: str, outcome: str) -> None:
        """Plays outcomes at a link."""
        self.play_with_fault(token, outcome, {})
