"""A TLS server with the integrators' webhook endpoints. internet.py connects the functions to it."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook

from tests.deployed.internet import ENDPOINT_NAMES

CRM, BILLING = ENDPOINT_NAMES


@dataclass(frozen=True, slots=True)
class Received:
    """A request to the endpoint at `host`, and the status of the response."""

    host: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def content(self, secret: str) -> dict[str, Any]:
        """Verifies signature and age with the public library, and returns the content."""
        content: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return content


class TlsReceiver:
    """`statuses` are the statuses of the next responses, then 204. `received` is oldest first."""

    def __init__(self, tls: SSLContext) -> None:
        self.statuses: list[int] = []
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def accepted(self, verification_id: str, host: str) -> list[Received]:
        """Returns the webhooks of a verification that an endpoint accepted, sorted by the sequence in their ids."""
        prefix = f"evt_{verification_id.removeprefix('ver_')}_"
        accepted = [each for each in self.received if (each.host, each.status) == (host, 204)]
        return sorted((each for each in accepted if each.id.startswith(prefix)), key=lambda each: each.id)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                receiver.received.append(Received(self.headers["Host"], dict(self.headers), body, status))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Prints nothing."""

        return Handler
