"""A server that responds in ways that no HTTP server does: each response writes to the socket itself."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

# Seconds; holds on a busy machine too.
LONGER_THAN_ANY_CLIENT_WAITS = 60.0

Response = Callable[[socket.socket, threading.Event], None]


# Values of `Location` that are no URL or no UTF-8.
BAD_LOCATIONS = ["http://[", "//[::1/", "https://elsewhere.example/\xe9"]


def whole(body: bytes, status: str = "200 OK", more: str = "") -> Response:
    """Sends a well-formed response, with the header lines in `more`, and keeps the connection open."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return lambda connection, stopping: connection.sendall(head.encode("latin-1") + body)


def dripping(
    start: bytes, drop: bytes = b" ", seconds: float = 0.1, until: float = LONGER_THAN_ANY_CLIENT_WAITS
) -> Response:
    """Sends `start` at once, then `drop` every `seconds`, and disconnects after `until` seconds."""

    def response(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(start)
        end = time.monotonic() + until
        while time.monotonic() < end and not stopping.wait(seconds):
            connection.sendall(drop)
        raise ConnectionAbortedError("nobody has cut it")

    return response


def silent(start: bytes = b"") -> Response:
    """Sends `start`, and then nothing more."""

    def response(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(start)
        stopping.wait(LONGER_THAN_ANY_CLIENT_WAITS)
        raise ConnectionAbortedError("nobody has cut it")

    return response


class RawServer:
    """Sends the first response to the first request, and so on; the last response is repeated.

    A server that is `speaks_first` responds as soon as a client connects; `tls` adds a handshake. `requests` records
    the requests, `connections` counts the connections.
    """

    def __init__(self, *responses: Response, speaks_first: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._responses = list(responses)
        self._tls = tls
        self._greeted = speaks_first
        self._stopping = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._forgotten: dict[int, Response] = {}
        self.requests: list[bytes] = []
        self.connections = 0

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for each in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        for each in (self._listening, *self._open):
            each.close()

    def forget_connections(self, response: Response) -> None:
        """Sends `response` to each later request on a connection that is open now."""
        self._forgotten = dict.fromkeys(range(1, self.connections + 1), response)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection, self.connections)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            stack.enter_context(connection)
            while not self._stopping.is_set() and (self._greeted or self._read_request(connection)):
                self._next_response(number)(connection, self._stopping)

    def _next_response(self, connection: int) -> Response:
        if connection in self._forgotten:
            return self._forgotten[connection]
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]

    def _read_request(self, connection: socket.socket) -> bool:
        """Reads a request with its body; returns False if the client has disconnected."""
        data = b""
        while not (end := data.find(b"\r\n\r\n") + 4) > 3 or len(data) < end + _length(data):
            if not (more := connection.recv(65536)):
                return False
            data += more
        self.requests.append(data)
        return True


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0
