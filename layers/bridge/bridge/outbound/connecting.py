"""Connects to a host by name within a deadline that covers name resolution and all addresses.

`socket.getaddrinfo` has no timeout and cannot be interrupted. It runs in a thread, which is abandoned if it is too
slow.
"""

import queue
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from urllib3.util.connection import allowed_gai_family

# The most resolver threads at once, including abandoned ones.
_LOOKUPS = threading.BoundedSemaphore(4)

# Each address may use at least this share of the remaining time. With smaller shares, a distant host with many
# addresses could never be reached.
_SHARE = 1 / 4

# An item of getaddrinfo: family, type, protocol, canonical name, address.
_AddressInfo = tuple[Any, Any, int, str, Any]


class _Deadline(Protocol):
    def left(self) -> float:
        """Seconds left. Raises TimeoutError if there are none."""


def anywhere(_: str, /) -> bool:
    """Admits every address."""
    return True


class AddressRefused(Exception):
    """A name has an address that may not be connected to. Not an OSError: urllib3 would wrap it."""


def connect(
    host: str,
    port: int,
    deadline: _Deadline,
    options: Iterable[tuple[Any, ...]],
    admits: Callable[[str], bool] = anywhere,
) -> socket.socket:
    """A socket with `options` that is connected to one of the host's addresses.

    The name is resolved once. If `admits` refuses one of its addresses, no connection is made.

    Raises:
        AddressRefused: `admits` refused an address.
        socket.gaierror: the name cannot be resolved.
        OSError: no address can be reached; the error is that of the last address. TimeoutError is one of these.
    """
    addresses = _resolve(host, port, deadline)
    if not all(admits(address[4][0]) for address in addresses):
        raise AddressRefused
    failure = OSError("the host has no address")
    for number, address in enumerate(addresses):
        seconds = deadline.left() * max(_SHARE, 1 / (len(addresses) - number))
        try:
            return _open(address, seconds, options)
        except OSError as error:
            failure = error
    raise failure


def _resolve(host: str, port: int, deadline: _Deadline) -> list[_AddressInfo]:
    if not _LOOKUPS.acquire(timeout=deadline.left()):
        raise TimeoutError("too many lookups are still running")
    results: queue.SimpleQueue[list[_AddressInfo] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            results.put(list(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)))
        except Exception as error:  # noqa: BLE001 - the waiting thread raises it
            results.put(error)
        finally:
            _LOOKUPS.release()

    # A daemon thread does not keep the process from exiting.
    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        result = results.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(result, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    if isinstance(result, Exception):
        raise result
    return result


def _open(address: _AddressInfo, seconds: float, options: Iterable[tuple[Any, ...]]) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(where)
    except BaseException:
        sock.close()
        raise
    return sock
