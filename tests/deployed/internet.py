"""python internet.py <port of the receiver> <script> runs a script with the tests' endpoints on the internet.

deliver sends to public addresses only, and tests have none. So the endpoints' names resolve to a public address, and
connections to it reach the receiver on this machine. The bridge's own code is unchanged: it resolves the name, checks
the address, and verifies the certificate for the name.
"""

import runpy
import socket
import sys
from typing import Any
from unittest import mock

# The endpoints of docs/webhooks.md.
ENDPOINT_NAMES = ("crm.example.com", "billing.example.com")
# A name whose owner has set its address to one inside the function's network.
PRIVATE_NAME = "inside.example.com"
# A public address by IANA's registries. No packet is sent there.
_ADDRESS = "11.22.33.44"
_ADDRESSES = dict.fromkeys(ENDPOINT_NAMES, _ADDRESS) | {PRIVATE_NAME: "127.0.0.1"}


def route(port: int) -> None:
    """Lets names resolve as above, and connects port 443 of the public address to `port` of this machine."""
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def resolve_name(host: Any, *arguments: Any, **named: Any) -> Any:
        return resolve(_ADDRESSES.get(host, host), *arguments, **named)

    def connect_socket(self: socket.socket, address: Any) -> None:
        connect(self, ("127.0.0.1", port) if address == (_ADDRESS, 443) else address)

    mock.patch.object(socket, "getaddrinfo", resolve_name).start()
    # Its base class in C cannot be patched.
    mock.patch.object(socket.socket, "connect", connect_socket).start()


if __name__ == "__main__":
    route(int(sys.argv[1]))
    runpy.run_path(sys.argv[2], run_name="__main__")
