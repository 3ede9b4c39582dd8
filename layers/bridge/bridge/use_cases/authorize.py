"""Who calls, and what they may do: bearer keys, of which only the SHA-256 is kept.

The secret: `{"keys": [{"key_id": "…", "sha256": "…", "principal": "…", "scopes": ["…"], "expires_at": "…"}]}`.
`key_id` is the last four characters of the key, `expires_at` (ISO 8601, with a zone) may be left out.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.models import SCOPES
from bridge.wiring import Bridge

_BEARER = re.compile(r"(?i:bearer) ([A-Za-z0-9_-]{20,200})")


@dataclass(frozen=True, slots=True)
class Caller:
    """`key_id` may stand in logs."""

    principal: str
    scopes: tuple[str, ...]
    key_id: str


def authorize(bridge: Bridge, authorization: str) -> Caller | None:
    """The caller that an Authorization header names, or None. What is unclear in the secret opens nothing."""
    match = _BEARER.fullmatch(authorization)
    if not match:
        return None
    key = match[1]
    presented = hashlib.sha256(key.encode()).hexdigest()
    found = None
    # Each is compared, in the same time, wherever the right one stands.
    for sha256, caller, expires_at in _keys(bridge):
        is_same = hmac.compare_digest(sha256.encode(), presented.encode())
        if is_same and (expires_at is None or bridge.now() < expires_at):
            found = caller
    return found


def _keys(bridge: Bridge) -> Iterator[tuple[str, Caller, datetime | None]]:
    keys = bridge.api_keys.read().get("keys")
    for entry in keys if isinstance(keys, list) else []:
        try:
            yield _key(entry)
        except (KeyError, TypeError, ValueError):
            continue


def _key(entry: Any) -> tuple[str, Caller, datetime | None]:
    sha256, principal, key_id = entry["sha256"], entry["principal"], entry["key_id"]
    scopes = entry["scopes"]
    expires = entry.get("expires_at")
    expires_at = None if expires is None else datetime.fromisoformat(expires)
    are_texts = all(isinstance(text, str) and text for text in (sha256, principal, key_id))
    is_unclear = not are_texts or not sha256.isascii() or not isinstance(scopes, list)
    if is_unclear or (expires_at and expires_at.tzinfo is None):
        raise ValueError("a key's entry is not as it should be")
    return sha256, Caller(principal, tuple(scope for scope in scopes if scope in SCOPES), key_id), expires_at
