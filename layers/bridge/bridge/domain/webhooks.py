"""Endpoints that are sent webhooks, and how a webhook is signed (Standard Webhooks: github.com/standard-webhooks).

An endpoint stands in the secret as `{"name", "url", "secrets": ["whsec_…"], "events": […], "principal": "…"}`; without
`events` it gets events of every type, without `principal` those of everybody's verifications. While its secret is
rotated it has two, and each webhook two signatures.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from bridge.domain.addresses import is_loopback, is_public
from bridge.domain.caller import owner
from bridge.domain.events import TYPES, Event

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of secrets, and none itself
MAX_SECRETS = 2

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_FIELDS = {"name", "url", "secrets", "events", "principal"}
_PORTS = {None, "443", "8443"}
_LONGEST_URL = 2048
# RFC 3986 in characters that all parsers read alike, without user info, fragment and IPv6 literals.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class Endpoint:
    """`events` and `principal` None mean all.

    Not a NamedTuple: Powertools would log its members, the URL and the secrets.
    """

    def __init__(
        self,
        name: str,
        url: str,
        secrets: tuple[str, ...],
        events: frozenset[str] | None = None,
        principal: str | None = None,
    ) -> None:
        self.name: Final = name
        self.url: Final = url
        self.secrets: Final = secrets
        self.events: Final = events
        self.principal: Final = principal

    def wants(self, event: Event) -> bool:
        """Whether it is to be sent this event."""
        is_its_type = self.events is None or event.type in self.events
        return is_its_type and (self.principal is None or owner(self.principal) == event.owner)


class Endpoints(NamedTuple):
    """`by_name` are those that work. The others have a text that says what is wrong: by their name in `malformed`, by
    their position (`#0`) in `unnamed` if the name itself is malformed."""

    by_name: dict[str, Endpoint]
    malformed: dict[str, str]
    unnamed: dict[str, str]


class _Malformed(Exception):
    """Its text names the fault, and quotes nothing of the entry."""


def parse_endpoints(value: Mapping[str, Any], *, allow_loopback: bool = False) -> Endpoints:
    """The endpoints in the secret's value, whose `endpoints` is a list. One that is malformed stops no other.

    `allow_loopback` admits plain http to this machine.
    """
    found = Endpoints({}, {}, {})
    for position, entry in enumerate(value["endpoints"]):
        name = _name(entry)
        try:
            endpoint = _endpoint(name, entry, allow_loopback=allow_loopback)
        except _Malformed as fault:
            if name is None:
                found.unnamed[f"#{position}"] = str(fault)
            else:
                found.malformed[name] = str(fault)
            continue
        if endpoint.name in found.by_name:
            found.malformed[endpoint.name] = "the name is given twice"
        found.by_name[endpoint.name] = endpoint
    # Of two with one name, nobody can say which is meant.
    return found._replace(by_name={name: each for name, each in found.by_name.items() if name not in found.malformed})


def is_name(text: Any) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def sign(secrets: Sequence[str], id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: one signature for each secret, `v1,… v1,…`. `timestamp` is in epoch seconds."""
    signed = f"{id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_signature(_key(secret), signed)}" for secret in secrets)


def url_problem(url: Any, *, allow_loopback: bool = False) -> str | None:
    """What is wrong with an endpoint's URL; None if nothing is. No name is resolved."""
    match = _URL.fullmatch(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else None
    if not match:
        return f"url is not an absolute URL of at most {_LONGEST_URL} characters, without credentials and fragment"
    host = match["host"].lower()
    if allow_loopback and match["scheme"] == "http" and (host == "localhost" or is_loopback(host)):
        return None
    if match["scheme"] != "https":
        return "url is not https"
    if match["port"] not in _PORTS:
        return "url has a port other than 443 and 8443"
    if is_public(host) or _is_domain_name(host):
        return None
    return "the host of url is neither a domain name nor a public address"


def _is_domain_name(host: str) -> bool:
    """Whether it has a dot, and its last label begins with a letter: resolvers read 127.1 and 0x7f.0x1 as addresses."""
    labels = host.split(".")
    return len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and labels[-1][0].isalpha()


def is_secret(text: Any) -> bool:
    """Whether it is `whsec_` and base64 of 24 to 64 bytes."""
    if not isinstance(text, str) or not text.startswith(SECRET_PREFIX):
        return False
    try:
        return 24 <= len(_key(text)) <= 64
    except ValueError:
        return False


def _name(entry: Any) -> str | None:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return name if is_name(name) else None


def _endpoint(name: str | None, entry: Any, *, allow_loopback: bool) -> Endpoint:
    if not isinstance(entry, Mapping):
        raise _Malformed("it is not an object")
    if name is None:
        raise _Malformed("name is not 1 to 40 of a-z, 0-9 and -")
    # A misspelled filter would send everything.
    if entry.keys() - _FIELDS:
        raise _Malformed("it has an unknown field")
    if problem := url_problem(entry.get("url"), allow_loopback=allow_loopback):
        raise _Malformed(problem)
    secrets, events, principal = entry.get("secrets"), entry.get("events"), entry.get("principal")
    if not isinstance(secrets, list) or not 1 <= len(secrets) <= MAX_SECRETS or not all(map(is_secret, secrets)):
        raise _Malformed("secrets is not a list of one or two, each whsec_ and base64 of 24 to 64 bytes")
    if events is not None and not _are_types(events):
        raise _Malformed("events is not a list of types of events")
    if principal is not None and not (isinstance(principal, str) and principal):
        raise _Malformed("principal is not a non-empty string")
    return Endpoint(name, entry["url"], tuple(secrets), None if events is None else frozenset(events), principal)


def _are_types(events: Any) -> bool:
    return isinstance(events, list) and bool(events) and all(each in TYPES for each in events)


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
