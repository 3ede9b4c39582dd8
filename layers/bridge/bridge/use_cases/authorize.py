"""Who calls, and what they may do: bearer keys, of which only the SHA-256 is kept, and tokens of an identity provider.

The secret: `{"keys": [{"key_id": "…", "sha256": "…", "principal": "…", "scopes": ["…"], "expires_at": "…"}]}`.
`key_id` is the last four characters of the key, `expires_at` (ISO 8601, with a zone) may be left out.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bridge.access_tokens import SUBJECT, is_jwt
from bridge.models import SCOPES, Authorized
from bridge.observability import record_failure
from bridge.wiring import Bridge

# Characters. API Gateway takes 10 240 bytes of headers in all; access tokens have one or two thousand.
LARGEST_AUTHORIZATION = 8 * 1024

_BEARER = re.compile(r"(?i:bearer) ([A-Za-z0-9._-]+)")
_KEY = re.compile(r"[A-Za-z0-9_-]{20,200}")


def authorize(bridge: Bridge, authorization: str) -> Authorized | None:
    """The caller that an Authorization header names, or None. What is unclear opens nothing.

    Raises StorageUnavailable where the keys cannot be had, or SecretMalformed: nobody is let in, and nobody is turned
    away for good.
    """
    match = _BEARER.fullmatch(authorization) if len(authorization) <= LARGEST_AUTHORIZATION else None
    if not match:
        return None
    if _KEY.fullmatch(match[1]):
        return _by_key(bridge, match[1])
    if bridge.settings.jwt_issuer and is_jwt(match[1]):
        return bridge.read_token(match[1])
    return None


def _by_key(bridge: Bridge, key: str) -> Authorized | None:
    presented = hashlib.sha256(key.encode()).hexdigest()
    found = None
    # Each is compared, in the same time, wherever the right one stands.
    for sha256, caller, expires_at in _keys(bridge):
        is_same = hmac.compare_digest(sha256.encode(), presented.encode())
        if is_same and (expires_at is None or bridge.now() < expires_at):
            found = caller
    return found


def _keys(bridge: Bridge) -> Iterator[tuple[str, Authorized, datetime | None]]:
    for entry in bridge.api_keys.read()["keys"]:
        try:
            yield _key(entry)
        except (KeyError, TypeError, ValueError) as error:
            record_failure("api_key_malformed", error)


def _key(entry: Any) -> tuple[str, Authorized, datetime | None]:
    sha256, principal, key_id = entry["sha256"], entry["principal"], entry["key_id"]
    scopes = entry["scopes"]
    expires = entry.get("expires_at")
    expires_at = None if expires is None else datetime.fromisoformat(expires)
    are_texts = all(isinstance(text, str) and text for text in (sha256, principal, key_id))
    is_unclear = not are_texts or not sha256.isascii() or not isinstance(scopes, list)
    # Nobody with a key is taken for somebody with a token.
    is_unclear = is_unclear or principal.startswith(SUBJECT)
    if is_unclear or (expires_at and expires_at.tzinfo is None):
        raise ValueError("a key's entry is not as it should be")
    return sha256, Authorized(principal, tuple(scope for scope in scopes if scope in SCOPES), key_id), expires_at
