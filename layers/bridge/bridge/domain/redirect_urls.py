"""Validates and extends redirect URLs: absolute URLs of allowed origins, in characters that all parsers agree on."""

import re
from collections.abc import Set
from urllib.parse import parse_qsl

MAX_URL_LENGTH = 2048
MAX_PORT = 65535

_DEFAULT_PORTS = {"https": "443", "http": "80"}
_LOOPBACK = ("localhost", "127.0.0.1")

# The query parameters that add_outcome adds.
_OUTCOME_PARAMETERS = frozenset({"verification_id", "status"})


def validate_redirect_url(url: str, allowed: Set[str]) -> str | None:
    """Why people may not be sent to `url`, as a text that follows the field's name; None if they may.

    `allowed` contains origins (`https://host`, `https://host:port`). `http://localhost:*` allows any port.
    """
    if len(url) > MAX_URL_LENGTH:
        return f"must have at most {MAX_URL_LENGTH} characters"
    match = _match(url)
    if not match:
        return "must be an absolute https URL without user info, in the characters of RFC 3986"
    scheme, host, port = match["scheme"], match["host"].lower(), match["port"]
    if port and int(port) > MAX_PORT:
        return f"must have a port of at most {MAX_PORT}"
    # In lower case, as in the contract.
    if scheme == "http" and match["host"] not in _LOOPBACK:
        return "must be an https URL"
    origin = f"{scheme}://{host}"
    matches = {f"{origin}:{port or _DEFAULT_PORTS[scheme]}"}
    if port in (None, _DEFAULT_PORTS[scheme]):
        matches.add(origin)
    if host in _LOOPBACK:
        matches.add(f"{origin}:*")
    if matches & allowed:
        return None
    return "must have one of the origins that this deployment allows"


def has_outcome_parameters(url: str) -> bool:
    """Whether the query of `url` already contains `verification_id` or `status`.

    The outcome is appended to the query, but URLSearchParams.get and most servers read the first of two equal names.
    Names are parsed as URLSearchParams does: case-sensitive, percent-decoded once, `+` is a space, `&` separates.
    """
    query = url.partition("#")[0].partition("?")[2]
    return any(name in _OUTCOME_PARAMETERS for name, _ in parse_qsl(query, keep_blank_values=True))


def add_outcome(url: str, verification_id: str, status: str) -> str:
    """`url` with `verification_id` and `status` appended to its query."""
    # urllib would drop an empty query or fragment.
    base, hash_sign, fragment = url.partition("#")
    _, question_mark, query = base.partition("?")
    separator = "&" if query else "" if question_mark else "?"
    return f"{base}{separator}verification_id={verification_id}&status={status}{hash_sign}{fragment}"


def _match(url: str) -> re.Match[str] | None:
    """RFC 3986 without user info and IP literals. Non-ASCII characters must be percent-encoded, hosts in punycode."""
    # Compiled at its first use: a return imports this module and matches nothing.
    return re.fullmatch(
        r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::(?P<port>[0-9]{1,5}))?"
        r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
        r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
        r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
        url,
    )
