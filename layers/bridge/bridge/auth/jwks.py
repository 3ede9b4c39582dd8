"""The identity provider's public keys (JWKS, RFC 7517), cached for five minutes."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import Any

from bridge.auth import access_tokens
from bridge.domain.errors import StorageUnavailable

# Seconds: the age at which keys are fetched again, the least age at which an unknown `kid` causes a fetch, and the
# pause after a failed fetch.
MAX_AGE = 300.0
MIN_REFRESH_SECONDS = 30.0
PAUSE_AFTER_FAULT = 5.0
# Seconds for a whole fetch, from resolving the name to the last byte.
BUDGET = 4.0
# A dozen keys are about 20 KB.
MAX_BYTES = 64 * 1024


class KeySet:
    """The cached keys.

    `fetch()` returns the bytes of the document or raises StorageUnavailable. `clock()` returns monotonic seconds.
    """

    def __init__(self, fetch: Callable[[], bytes], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched = self._failed = -math.inf

    def find(self, kid: str) -> dict[str, Any] | None:
        """The key with this id as a JWK, or None.

        An unknown id causes a fetch, at most every MIN_REFRESH_SECONDS. Raises StorageUnavailable if a fetch fails.
        """
        age = self._clock() - self._fetched
        if age >= MAX_AGE or (kid not in self._keys and age >= MIN_REFRESH_SECONDS):
            self._refresh()
        return self._keys.get(kid)

    def _refresh(self) -> None:
        """Fetches the keys, unless a fetch failed within PAUSE_AFTER_FAULT.

        The pause keeps invented tokens from flooding a provider that is already in trouble.
        """
        if self._clock() - self._failed < PAUSE_AFTER_FAULT:
            raise StorageUnavailable("jwks", "failed just now")
        try:
            keys = _parse(self._fetch())
        except StorageUnavailable:
            self._failed = self._clock()
            raise
        self._keys, self._fetched = keys, self._clock()


def _parse(document: bytes) -> dict[str, dict[str, Any]]:
    """The asymmetric keys of a JWKS document by `kid`. Unreadable keys are left out."""
    access_tokens.load_cryptography()
    import json

    import jwt

    try:
        listed = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError):
        raise StorageUnavailable("jwks", "malformed") from None
    keys = {}
    if not isinstance(listed, list):
        raise StorageUnavailable("jwks", "malformed")
    for each in listed:
        # PyJWT raises one of these for a key type that it does not support.
        with contextlib.suppress(jwt.PyJWTError, NotImplementedError, AttributeError, KeyError, TypeError, ValueError):
            key = jwt.PyJWK(each)
            if key.key_type in ("RSA", "EC") and isinstance(key.key_id, str):
                keys[key.key_id] = each
    if listed and not keys:
        raise StorageUnavailable("jwks", "no usable key")
    return keys


def http_fetcher(url: str) -> Callable[[], bytes]:
    """A function that fetches `url` within BUDGET seconds and MAX_BYTES, and follows no redirect."""

    def fetch() -> bytes:
        from bridge.outbound.deadline import within
        from bridge.outbound.session import Session

        with Session() as session, within(BUDGET) as exchange:
            try:
                with session.get(url, timeout=BUDGET, allow_redirects=False, stream=True) as response:
                    body = b""
                    for chunk in response.iter_content(MAX_BYTES):
                        body += chunk
                        if len(body) > MAX_BYTES:
                            break
            except (OSError, ValueError) as error:
                raise StorageUnavailable("jwks", type(error).__name__) from None
        if response.status_code != 200:
            raise StorageUnavailable("jwks", f"status {response.status_code}")
        if exchange.has_passed() or len(body) > MAX_BYTES:
            raise StorageUnavailable("jwks", "too slow" if exchange.has_passed() else "too large")
        return body

    return fetch
