"""Connects to a host by name within a deadline, which counts for resolving the name and for all its addresses together.

`socket.getaddrinfo` takes no timeout and cannot be interrupted, so it runs in a thread, which is left behind when it is
too slow. A connection that is kept alive needs neither.
"""

import queue
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from urllib3.util.connection import allowed_gai_family

# Threads that may be resolving at once, those that were left behind included.
_LOOKUPS = threading.BoundedSemaphore(4)

# The first address gets this share of the time at least, and so does each one after it of what is left. With a share
# that shrinks with the number of addresses, a distant host with many of them would never be reached.
_SHARE = 1 / 4

# family, type, protocol, canonical name, address: what getaddrinfo gives.
_AddressInfo = tuple[Any, Any, int, str, Any]


class _Deadline(Protocol):
    def left(self) -> float:
        """Seconds; TimeoutError if there are none."""


def anywhere(_: str, /) -> bool:
    """Admits every address."""
    return True


class AddressRefused(Exception):
    """A name has an address that may not be connected to. It is no OSError, which urllib3 would wrap."""


def connect(
    host: str,
    port: int,
    deadline: _Deadline,
    options: Iterable[tuple[Any, ...]],
    admits: Callable[[str], bool] = anywhere,
) -> socket.socket:
    """A socket that is connected to one of the host's addresses, with `options` set.

    The name is resolved once. Where `admits` refuses any of its addresses, none is connected to.

    Raises AddressRefused, socket.gaierror, TimeoutError, or another OSError: that of the last address.
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
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits for it
            results.put(error)
        finally:
            _LOOKUPS.release()

    # A daemon, so that a process can exit while it hangs.
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
