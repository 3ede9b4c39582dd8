"""The Flask application and the HTTP servers that carry it, one for each address that is listened on."""

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .admin import Admin, classify, not_found
from .api import Api
from .person import Person
from .state import State, UnknownTokenError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# How often a server looks whether it should stop: bounds what stop() takes.
POLL_SECONDS = 0.02
# Another program may hold, on a second address, the port that the system picked on the first.
PORT_ATTEMPTS = 20


class Handler(WSGIRequestHandler):
    """HTTP/1.1, one request per connection (werkzeug ends each), without a log line."""

    protocol_version = "HTTP/1.1"

    def make_environ(self) -> "WSGIEnvironment":
        """Carries the two headers on to the application: WSGI drops names with an underscore."""
        environ = super().make_environ()
        for name in ("client_id", "client_secret"):
            environ[f"vendor.{name}"] = self.headers.get(name, "")
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: paths carry tokens, and a test's output is not the place."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Ends the connection, which after wire.RawAnswer is in no state to carry another request."""
        self.close_connection = True


def application(state: State) -> Flask:
    """All routes over one state."""
    app = Flask(__name__)
    app.before_request(_read_body)
    for routes in (Api(state), Person(state), Admin(state)):
        app.register_blueprint(routes.blueprint())
    app.register_error_handler(ValueError, classify)
    app.register_error_handler(UnknownTokenError, not_found)
    return app


def _read_body() -> None:
    # A connection that closes with a body unread is reset, and the client may lose the answer.
    request.get_data()


def listen(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """A listening socket for each host, all on one port; port 0 picks one that is free on all.

    Raises:
        OSError: the port is taken.
    """
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


def serve(
    app: Flask, listening: socket.socket, tls: ssl.SSLContext | None = None
) -> tuple[BaseWSGIServer, threading.Thread]:
    """Serve `app` on a listening socket, one thread for each connection, until the server is shut down."""
    host, port = listening.getsockname()[:2]
    # By descriptor, for when werkzeug binds a taken port itself it ends the process.
    server = make_server(
        host, port, app, threaded=True, request_handler=Handler, ssl_context=tls, fd=listening.fileno()
    )
    listening.close()
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    return server, thread
