"""The identity provider's public keys (JWKS, RFC 7517), kept for a while."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.auth import access_tokens
from bridge.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from jwt import PyJWK

# Seconds: how long the keys are kept, how soon an unknown `kid` may have them fetched anew, and how soon after a fault.
MAX_AGE = 300.0
PAUSE = 30.0
PAUSE_AFTER_FAULT = 5.0
# Seconds, from resolving the name to the last byte, and bytes. A dozen keys have some 20 KB.
BUDGET = 4.0
LARGEST = 64 * 1024


class KeySet:
    """`fetch()` gives the document's bytes, or raises StorageUnavailable; `clock()` seconds that only grow."""

    def __init__(self, fetch: Callable[[], bytes], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched = self._failed = -math.inf

    def find(self, kid: str) -> "PyJWK | None":
        """The key of that name; None if there is none. An unknown name has the keys fetched anew, now and then."""
        age = self._clock() - self._fetched
        if age >= MAX_AGE or (kid not in self._keys and age >= PAUSE):
            self._refresh()
        return self._keys.get(kid)

    def _refresh(self) -> None:
        """Where it fails, the keys stay as old as they are, and whoever asks in the next seconds gets no answer either:
        a provider in trouble is not asked once for each token that somebody makes up."""
        if self._clock() - self._failed < PAUSE_AFTER_FAULT:
            raise StorageUnavailable("jwks", "failed just now")
        try:
            keys = _read(self._fetch())
        except StorageUnavailable:
            self._failed = self._clock()
            raise
        self._keys, self._fetched = keys, self._clock()


def _read(document: bytes) -> "dict[str, PyJWK]":
    """The asymmetric keys by their names. What cannot be read is left out."""
    access_tokens.library()
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
        # A key of another kind, or of a kind that the library does not know, is none for us.
        with contextlib.suppress(jwt.PyJWTError, NotImplementedError, AttributeError, KeyError, TypeError, ValueError):
            key = jwt.PyJWK(each)
            if key.key_type in ("RSA", "EC") and isinstance(key.key_id, str):
                keys[key.key_id] = key
    if listed and not keys:
        raise StorageUnavailable("jwks", "no usable key")
    return keys


def over_http(url: str) -> Callable[[], bytes]:
    """Fetches from `url`, bounded in time and size, without following anything."""

    def fetch() -> bytes:
        import requests

        from bridge.outbound.deadline import DeadlineAdapter, within

        with requests.Session() as session, within(BUDGET) as exchange:
            session.trust_env = False
            session.mount("https://", DeadlineAdapter())
            session.mount("http://", DeadlineAdapter())
            try:
                answer = session.get(url, timeout=BUDGET, allow_redirects=False, stream=True)
                body = b""
                for chunk in answer.iter_content(LARGEST):
                    body += chunk
                    if len(body) > LARGEST:
                        break
            except (OSError, ValueError) as error:
                raise StorageUnavailable("jwks", type(error).__name__) from None
        if exchange.has_passed() or answer.status_code != 200 or len(body) > LARGEST:
            raise StorageUnavailable("jwks", f"status {answer.status_code}")
        return body

    return fetch
