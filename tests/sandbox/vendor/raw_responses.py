"""Broken responses that no HTTP server sends. They are written to the socket, and the connection then ends."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Response


class RawResponse(Response):
    """A response that writes to the socket instead of passing status, headers and body to the server."""

    def __init__(self, write: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._write = write

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Writes to the socket, then raises as if the client had disconnected, so that the server writes nothing."""
        self._write(environ["werkzeug.socket"])
        raise ConnectionAbortedError("the response is on the socket already")


def reset() -> Response:
    """Ends the connection with a TCP RST: the client gets "connection reset by peer"."""

    def write(connection: socket.socket) -> None:
        # With a linger of 0 seconds, close() drops unsent data and sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return RawResponse(write)


def close_silently() -> Response:
    """Ends the connection without sending a byte."""
    return RawResponse(lambda connection: None)


def truncate(response: Response) -> Response:
    """Sends the Content-Length of the whole body, but only half of the body."""
    head, body = _rendered(response)
    return RawResponse(lambda connection: connection.sendall(head + body[: len(body) // 2]))


def drip(response: Response, seconds: float, stopping: threading.Event) -> Response:
    """Sends the whole response, from the status line on, with one byte per `seconds`."""

    def write(connection: socket.socket) -> None:
        for byte in single_bytes(b"".join(_rendered(response)), seconds, stopping):
            connection.sendall(byte)

    return RawResponse(write)


def single_bytes(data: bytes, seconds: float, stopping: threading.Event) -> Iterator[bytes]:
    """Yields `data` byte by byte, with a pause of `seconds` before each. Raises when the server stops."""
    for place in range(len(data)):
        if stopping.wait(seconds):
            raise ConnectionAbortedError("the server is stopping")
        yield data[place : place + 1]


def _rendered(response: Response) -> tuple[bytes, bytes]:
    body = response.get_data()
    fields = [f"{name}: {value}" for name, value in response.headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {response.status}", *fields, "Connection: close", "", ""])
    return head.encode("latin-1"), body
