"""Where people may be sent: absolute URLs of exactly allowed origins, in characters that all parsers read alike."""

import re
from collections.abc import Set
from urllib.parse import urlsplit

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


def fault_of(url: str, allowed: Set[str]) -> str | None:
    """What keeps people from being sent to `url`, or None. `allowed` holds origins (`https://host`, `https://host:port`);
    `http://localhost:*` stands for any port there."""
    if len(url) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    match = _URL.fullmatch(url)
    if not match:
        return "must be an absolute https URL, without user info, in characters that RFC 3986 allows"
    scheme, host, port = match["scheme"], match["host"].lower(), match["port"]
    origin = f"{scheme}://{host}"
    if port and port != _DEFAULT_PORTS[scheme]:
        origin += f":{port}"
    if scheme == "http" and host not in _LOOPBACK:
        return "must be an https URL"
    if origin in allowed or (host in _LOOPBACK and f"{scheme}://{host}:*" in allowed):
        return None
    return "its origin is not among the allowed redirect origins of this deployment"


def with_outcome(url: str, verification_id: str, status: str) -> str:
    """`url` with the outcome appended to its own query; its fragment stays last."""
    parts = urlsplit(url)
    outcome = f"verification_id={verification_id}&status={status}"
    return parts._replace(query=f"{parts.query}&{outcome}" if parts.query else outcome).geturl()
