"""Resolvers for HOST: a name that does not resolve, and addresses of which some never respond."""

import socket
import threading
from collections.abc import Callable, Sequence

import pytest

HOST = "vendor.example"

# Seconds.
LONGER_THAN_ANY_CLIENT_WAITS = 15.0

Resolver = Callable[..., Sequence[object]]
_system_resolver: Callable[..., object] = socket.getaddrinfo


def patch_resolver(monkeypatch: pytest.MonkeyPatch, resolver: Resolver) -> list[str]:
    """Resolves HOST by `resolver`, and all other names by the system. Returns the list of its lookups."""
    lookups: list[str] = []

    def getaddrinfo(host: str, *args: object, **kwargs: object) -> object:
        if host != HOST:
            return _system_resolver(host, *args, **kwargs)
        lookups.append(host)
        return resolver(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return lookups


def addresses(*ports: int) -> Resolver:
    """Resolves at once; each of these ports of 127.0.0.1 stands for an address."""
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]


def hangs(event: threading.Event, *ports: int) -> Resolver:
    def resolver(*_: object, **__: object) -> Sequence[object]:
        event.wait(LONGER_THAN_ANY_CLIENT_WAITS)
        return addresses(*ports)()

    return resolver
