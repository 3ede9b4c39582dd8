"""API keys: random bearer keys, of which only the SHA-256 is stored.

The secret contains `{"keys": [{"key_id": "…", "sha256": "…", "principal": "…", "scopes": ["…"], "expires_at": "…"}]}`.
`key_id` is the last four characters of the key. `expires_at` (ISO 8601 with a time zone) is optional.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from bridge.domain.caller import JWT_PRINCIPAL_PREFIX, SCOPES, Caller
from bridge.observability import record_failure


def find_caller(entries: Iterable[Any], key: str, now: datetime) -> Caller | None:
    """The caller of the entry that matches `key`, or None. A malformed entry is reported and skipped."""
    presented = hashlib.sha256(key.encode()).hexdigest()
    found = None
    # The loop never ends early, so its duration does not depend on which entry matches.
    for sha256, caller, expires_at in _valid_entries(entries):
        is_same = hmac.compare_digest(sha256.encode(), presented.encode())
        if is_same and (expires_at is None or now < expires_at):
            found = caller
    return found


def _valid_entries(entries: Iterable[Any]) -> Iterator[tuple[str, Caller, datetime | None]]:
    for entry in entries:
        try:
            yield _parse(entry)
        except (KeyError, TypeError, ValueError) as error:
            record_failure("api_key_malformed", error)


def _parse(entry: Any) -> tuple[str, Caller, datetime | None]:
    """The SHA-256, the caller and the expiry of an entry. Raises KeyError, TypeError or ValueError if malformed."""
    sha256, principal, key_id = entry["sha256"], entry["principal"], entry["key_id"]
    scopes = entry["scopes"]
    expires = entry.get("expires_at")
    expires_at = None if expires is None else datetime.fromisoformat(expires)
    are_texts = all(isinstance(text, str) and text for text in (sha256, principal, key_id))
    is_malformed = not are_texts or not sha256.isascii() or not isinstance(scopes, list)
    # Otherwise an API key could act for the subject of an access token.
    is_malformed = is_malformed or principal.startswith(JWT_PRINCIPAL_PREFIX)
    if is_malformed or (expires_at and expires_at.tzinfo is None):
        raise ValueError("the entry of an API key is malformed")
    return sha256, Caller(principal, tuple(scope for scope in scopes if scope in SCOPES), key_id), expires_at
