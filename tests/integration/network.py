"""Names and addresses that do not answer: what a vendor's network does before its server is reached."""

import socket
import threading
from collections.abc import Callable, Sequence

import pytest

HOST = "vendor.example"

# Seconds.
LONGER_THAN_ANYONE_WAITS = 15.0

Resolver = Callable[..., Sequence[object]]
_system_resolver: Callable[..., object] = socket.getaddrinfo


def resolve_by(monkeypatch: pytest.MonkeyPatch, resolver: Resolver) -> list[str]:
    """Has `resolver` resolve HOST from now on, and the system all others. What it was asked for is in the list."""
    asked: list[str] = []

    def getaddrinfo(host: str, *args: object, **kwargs: object) -> object:
        if host != HOST:
            return _system_resolver(host, *args, **kwargs)
        asked.append(host)
        return resolver(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def addresses(*ports: int) -> Resolver:
    """As if each of these ports of 127.0.0.1 were an address of its own."""
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]


def hangs(event: threading.Event, *ports: int) -> Resolver:
    def resolver(*_: object, **__: object) -> Sequence[object]:
        event.wait(LONGER_THAN_ANYONE_WAITS)
        return addresses(*ports)()

    return resolver
