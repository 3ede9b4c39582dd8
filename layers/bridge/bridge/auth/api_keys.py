"""API keys: random bearer keys, of which only the SHA-256 is stored.

The secret: `{"keys": [{"key_id": "…", "sha256": "…", "principal": "…", "scopes": ["…"], "expires_at": "…"}]}`.
`key_id` is the last four characters of the key, `expires_at` (ISO 8601, with a zone) may be left out.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from bridge.auth.access_tokens import SUBJECT
from bridge.domain.caller import SCOPES, Caller
from bridge.observability import record_failure


def find(entries: Iterable[Any], key: str, now: datetime) -> Caller | None:
    """The caller that `key` belongs to, or None. Entries that cannot be read are reported and open nothing."""
    presented = hashlib.sha256(key.encode()).hexdigest()
    found = None
    # Each is compared, in the same time, wherever the right one stands.
    for sha256, caller, expires_at in _readable(entries):
        is_same = hmac.compare_digest(sha256.encode(), presented.encode())
        if is_same and (expires_at is None or now < expires_at):
            found = caller
    return found


def _readable(entries: Iterable[Any]) -> Iterator[tuple[str, Caller, datetime | None]]:
    for entry in entries:
        try:
            yield _key(entry)
        except (KeyError, TypeError, ValueError) as error:
            record_failure("api_key_malformed", error)


def _key(entry: Any) -> tuple[str, Caller, datetime | None]:
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
    return sha256, Caller(principal, tuple(scope for scope in scopes if scope in SCOPES), key_id), expires_at
