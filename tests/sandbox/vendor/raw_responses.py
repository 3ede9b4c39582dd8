"""Responses that HTTP servers refuse to give: written on the socket itself, after which the connection ends."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Response


class RawResponse(Response):
    """A response that takes the connection over instead of handing status, headers and body to the server."""

    def __init__(self, write: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._write = write

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Writes on the socket, then ends the request as if the client had hung up: nothing more is written."""
        self._write(environ["werkzeug.socket"])
        raise ConnectionAbortedError("the response is on the socket already")


def reset() -> Response:
    """Ends the connection with a TCP RST: the client sees "connection reset by peer"."""

    def write(connection: socket.socket) -> None:
        # Lingering for 0 seconds makes close() throw unsent data away and send RST in place of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return RawResponse(write)


def hang_up() -> Response:
    """Ends the connection without a byte."""
    return RawResponse(lambda connection: None)


def cut_short(response: Response) -> Response:
    """Promises the whole body in Content-Length, sends half of it, closes."""
    head, body = _rendered(response)
    return RawResponse(lambda connection: connection.sendall(head + body[: len(body) // 2]))


def drip(response: Response, seconds: float, stopping: threading.Event) -> Response:
    """The whole response, status line first, one byte per `seconds`."""

    def write(connection: socket.socket) -> None:
        for byte in single_bytes(b"".join(_rendered(response)), seconds, stopping):
            connection.sendall(byte)

    return RawResponse(write)


def single_bytes(data: bytes, seconds: float, stopping: threading.Event) -> Iterator[bytes]:
    """`data` a byte at a time, with a pause of `seconds` before each; breaks off when the server stops."""
    for place in range(len(data)):
        if stopping.wait(seconds):
            raise ConnectionAbortedError("the server is stopping")
        yield data[place : place + 1]


def _rendered(response: Response) -> tuple[bytes, bytes]:
    body = response.get_data()
    fields = [f"{name}: {value}" for name, value in response.headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {response.status}", *fields, "Connection: close", "", ""])
    return head.encode("latin-1"), body
