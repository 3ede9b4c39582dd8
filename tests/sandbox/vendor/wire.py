"""Answers that HTTP servers refuse to give: written on the socket itself, after which the connection ends."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Response

Conversation = Callable[[socket.socket], None]


class RawAnswer(Response):
    """A response that takes the connection over instead of handing status, headers and body to the server."""

    def __init__(self, converse: Conversation) -> None:
        super().__init__()
        self._converse = converse

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Talk on the socket, then end the request as if the client had hung up: nothing more is written."""
        self._converse(environ["werkzeug.socket"])
        raise ConnectionAbortedError("the stand-in has answered on the socket itself")


def reset(connection: socket.socket) -> None:
    """End the connection with a TCP RST: the client sees "connection reset by peer"."""
    # Lingering for 0 seconds makes close() throw unsent data away and send RST in place of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    """End the connection without a byte of an answer."""


def cut_short(answer: Response) -> Conversation:
    """Promise the whole body in Content-Length, send half of it, close."""
    head, body = _rendered(answer)
    return lambda connection: connection.sendall(head + body[: len(body) // 2])


def drip(answer: Response, seconds: float, stopping: threading.Event) -> Conversation:
    """The whole answer, status line first, one byte per `seconds`."""

    def converse(connection: socket.socket) -> None:
        for byte in drops(b"".join(_rendered(answer)), seconds, stopping):
            connection.sendall(byte)

    return converse


def drops(data: bytes, seconds: float, stopping: threading.Event) -> Iterator[bytes]:
    """`data` a byte at a time, with a pause of `seconds` before each; breaks off when the server stops."""
    for place in range(len(data)):
        if stopping.wait(seconds):
            raise ConnectionAbortedError("the stand-in is stopping")
        yield data[place : place + 1]


def _rendered(answer: Response) -> tuple[bytes, bytes]:
    body = answer.get_data()
    fields = [f"{name}: {value}" for name, value in answer.headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {answer.status}", *fields, "Connection: close", "", ""])
    return head.encode("latin-1"), body
