"""Where people may be sent: absolute URLs of exactly allowed origins, in characters that all parsers read alike."""

import re
from collections.abc import Set
from urllib.parse import parse_qsl

LONGEST_URL = 2048

# RFC 3986, without user info and IP literals. What is not ASCII has to come percent-encoded, hosts in punycode.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_LOOPBACK = ("localhost", "127.0.0.1")

# The parameters that with_outcome adds.
_OUTCOME = frozenset({"verification_id", "status"})


def validate_redirect_url(url: str, allowed: Set[str]) -> str | None:
    """What keeps people from being sent to `url`, or None. `allowed` holds origins (`https://host`, `https://host:port`);
    `http://localhost:*` stands for any port there."""
    if len(url) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    match = _URL.fullmatch(url)
    if not match:
        return "must be an absolute https URL, without user info, in characters that RFC 3986 allows"
    scheme, host, port = match["scheme"], match["host"].lower(), match["port"]
    if scheme == "http" and host not in _LOOPBACK:
        return "must be an https URL"
    origin = f"{scheme}://{host}"
    named = {f"{origin}:{port or _DEFAULT_PORTS[scheme]}"}
    if port in (None, _DEFAULT_PORTS[scheme]):
        named.add(origin)
    if host in _LOOPBACK:
        named.add(f"{origin}:*")
    if named & allowed:
        return None
    return "its origin is not among the allowed redirect origins of this deployment"


def names_outcome(url: str) -> bool:
    """Whether the query of `url` names a parameter of the outcome already.

    The outcome is added behind the URL's own query, and URLSearchParams.get and most servers read the first of two
    equal names. Names are read as URLSearchParams reads them: case counts, percent-encoding is undone once, `+` is a
    space, `&` alone separates.
    """
    query = url.partition("#")[0].partition("?")[2]
    return any(name in _OUTCOME for name, _ in parse_qsl(query, keep_blank_values=True))


def with_outcome(url: str, verification_id: str, status: str) -> str:
    """`url` with the outcome appended to its own query; its fragment stays last."""
    # By hand: urllib would leave out an empty query or fragment.
    before, sharp, fragment = url.partition("#")
    _, question, own = before.partition("?")
    joint = "&" if own else "" if question else "?"
    return f"{before}{joint}verification_id={verification_id}&status={status}{sharp}{fragment}"
