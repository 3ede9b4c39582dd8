"""The internet as functions see it: python internet.py <port of the receiver> <script> runs a script in it.

deliver sends to public addresses alone, and no test may own one. So names of the tests resolve to an address that is
public, and what connects there reaches the receiver on this machine. Nothing of the bridge is changed: it resolves the
name, judges the address, and checks the certificate for the name.
"""

import runpy
import socket
import sys
from typing import Any
from unittest import mock

# Those of docs/webhooks.md.
NAMES = ("crm.example.com", "billing.example.com")
# A name that its owner has pointed into the network of the function.
INSIDE = "inside.example.com"
# Public to all that know IANA's registries. No packet is sent there.
_ADDRESS = "11.22.33.44"
_ADDRESSES = dict.fromkeys(NAMES, _ADDRESS) | {INSIDE: "127.0.0.1"}


def route(port: int) -> None:
    """Names resolve as above, and port 443 of the public address is `port` of this machine."""
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def resolve_here(host: Any, *arguments: Any, **named: Any) -> Any:
        return resolve(_ADDRESSES.get(host, host), *arguments, **named)

    def connect_here(self: socket.socket, address: Any) -> None:
        connect(self, ("127.0.0.1", port) if address == (_ADDRESS, 443) else address)

    mock.patch.object(socket, "getaddrinfo", resolve_here).start()
    # The class in C that it inherits from cannot be changed, this one can.
    mock.patch.object(socket.socket, "connect", connect_here).start()


if __name__ == "__main__":
    route(int(sys.argv[1]))
    runpy.run_path(sys.argv[2], run_name="__main__")
