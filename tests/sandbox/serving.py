"""HTTP servers of the sandbox: a WSGI application on one port of one or more addresses, in threads."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .vendor.serving import listen

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Seconds between two looks at whether to stop: bounds what stop() takes.
POLL_SECONDS = 0.02


class SilentHandler(WSGIRequestHandler):
    """No log line per request: paths carry tokens and codes, and stdout belongs to the READY line."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


class Server:
    """Listens as soon as it exists, so that its URL is known; answers from start() on.

    Args:
        hosts: addresses, all on one port; `url` has the first.
        port: 0 picks one that is free on all of them.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0) -> None:
        self._sockets = listen(tuple(hosts), port)
        self.host = hosts[0]
        self.port: int = self._sockets[0].getsockname()[1]
        self._running: list[tuple[BaseWSGIServer, threading.Thread]] = []

    @property
    def url(self) -> str:
        """http://host:port, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self, app: "WSGIApplication", handler: type[WSGIRequestHandler] = SilentHandler) -> None:
        """Answers with `app`, one thread for each connection."""
        for listening in self._sockets:
            # By descriptor, because werkzeug ends the process where a port is taken.
            address, port = listening.getsockname()[:2]
            server = make_server(address, port, app, threaded=True, request_handler=handler, fd=listening.fileno())
            thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
            thread.start()
            self._running.append((server, thread))
            listening.close()

    def stop(self) -> None:
        """Refuses connections from now on."""
        for server, thread in self._running:
            server.shutdown()
            thread.join()
            server.server_close()
        self._running = []
        for listening in self._sockets:
            listening.close()
