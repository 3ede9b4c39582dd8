"""Endpoints of integrators behind TLS: internet.py leads the functions here."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook

from tests.deployed.internet import NAMES

CRM, BILLING = NAMES


@dataclass(frozen=True, slots=True)
class Received:
    """A request to the endpoint at `host`, and the status that it got."""

    host: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def content(self, secret: str) -> dict[str, Any]:
        """What it says, after the public library has verified its signature and age."""
        content: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return content


class Receiver:
    """`statuses` are those of the next responses; without any it is 204. `received` is oldest first."""

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

    def about(self, verification_id: str, host: str) -> list[Received]:
        """The webhooks of a verification that an endpoint accepted, by the sequence in their ids."""
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
                """Says nothing: the output is the tests'."""

        return Handler
