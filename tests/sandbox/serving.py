"""The HTTP server of the sandbox: a WSGI application on one port of one or more addresses, in threads."""

import socket
import ssl
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Seconds between two checks whether to stop, which is the longest that stop() takes.
POLL_SECONDS = 0.02
# The port that the system picks on the first address may be taken on the second.
PORT_ATTEMPTS = 20


class SilentHandler(WSGIRequestHandler):
    """A handler without a log line per request: paths have tokens and codes, and stdout is for the READY line."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


class Server:
    """A server that listens from the constructor on, so that its URL is known. start() makes it respond.

    Args:
        hosts: addresses, all on one port. `url` has the first.
        port: 0 picks a port that is free on all addresses.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._sockets = _listen(tuple(hosts), port)
        self._tls = tls
        self.host = hosts[0]
        self.port: int = self._sockets[0].getsockname()[1]
        self._running: list[tuple[BaseWSGIServer, threading.Thread]] = []

    @property
    def url(self) -> str:
        """http://host:port (https with `tls`), without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def start(self, app: "WSGIApplication", handler: type[WSGIRequestHandler] = SilentHandler) -> None:
        """Starts to respond with `app`, in one thread for each connection."""
        for listening in self._sockets:
            host, port = listening.getsockname()[:2]
            # By descriptor, because werkzeug ends the process if it cannot bind a port.
            server = make_server(
                host, port, app, threaded=True, request_handler=handler, ssl_context=self._tls, fd=listening.fileno()
            )
            thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
            thread.start()
            self._running.append((server, thread))
            listening.close()

    def stop(self) -> None:
        """Stops the server."""
        for server, thread in self._running:
            server.shutdown()
            thread.join()
            server.server_close()
        self._running = []
        for listening in self._sockets:
            listening.close()


def _listen(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Returns a listening socket for each host, all on one port."""
    for attempt in range(PORT_ATTEMPTS):
        try:
            return _listen_once(hosts, port)
        except OSError:
            if port or attempt == PORT_ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")


def _listen_once(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sockets.append(socket.create_server((host, port), family=family, backlog=128))
            port = sockets[0].getsockname()[1]
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets
