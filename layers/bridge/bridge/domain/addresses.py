"""Which IP addresses are on the public internet. Only those may be sent to where somebody else chose the host.

The networks are those of IANA's special-purpose registries. Python's own `is_global` differs between its versions.
"""

import ipaddress

_V4 = ipaddress.IPv4Address
_V6 = ipaddress.IPv6Address

_REFUSED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, with the metadata and credentials of cloud machines
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# Of IPv6 only this network is in use on the internet.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
# Networks whose addresses stand for an IPv4 address, and how many bits follow it.
_EMBEDDING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet; False for any other text."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return _is_public_v4(address) if isinstance(address, _V4) else _is_public_v6(address)


def is_loopback(text: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _is_public_v4(address: _V4) -> bool:
    return not any(address in network for network in _REFUSED_V4)


def _is_public_v6(address: _V6) -> bool:
    if address.scope_id is not None:
        return False
    for network, bits in _EMBEDDING:
        if address in network:
            return _is_public_v4(_V4(int(address) >> bits & 0xFFFFFFFF))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _REFUSED_V6)
