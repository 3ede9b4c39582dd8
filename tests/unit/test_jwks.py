"""The identity provider's keys are cached. Unknown key ids and failures cause few fetches."""

import json
from typing import Any

import pytest

from bridge.auth.jwks import MAX_AGE, MIN_REFRESH_SECONDS, PAUSE_AFTER_FAULT, KeySet
from bridge.domain.errors import StorageUnavailable
from tests.clock import SecondsClock
from tests.sandbox.signing import jwk


class Provider:
    """A fake identity provider that counts the fetches of its keys."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.fetches = 0
        self.is_down = False

    def __call__(self) -> bytes:
        self.fetches += 1
        if self.is_down:
            raise StorageUnavailable("jwks", "down")
        return json.dumps({"keys": self.keys}).encode()


@pytest.fixture
def clock() -> SecondsClock:
    return SecondsClock()


def test_keys_are_cached_for_five_minutes(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    for _ in range(3):
        assert keys.find("rsa-1") is not None
    clock.now += MAX_AGE - 1
    keys.find("rsa-1")
    assert provider.fetches == 1
    clock.now += 1
    keys.find("rsa-1")
    assert provider.fetches == 2


def test_a_new_key_is_found_after_the_minimum_refresh_time(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    keys.find("rsa-1")
    provider.keys.append(jwk("ec-1"))
    clock.now += MIN_REFRESH_SECONDS
    assert keys.find("ec-1") is not None
    assert provider.fetches == 2


def test_unknown_key_ids_cost_one_fetch_in_half_a_minute(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    for number in range(100):
        assert keys.find(f"made-up-{number}") is None
    assert provider.fetches == 1
    clock.now += MIN_REFRESH_SECONDS
    keys.find("made-up")
    keys.find("made-up")
    assert provider.fetches == 2


def test_a_revoked_key_is_unknown_after_five_minutes(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    assert keys.find("rsa-1") is not None
    provider.keys.clear()
    clock.now += MAX_AGE
    assert keys.find("rsa-1") is None


def test_keys_that_expired_and_cannot_be_fetched_raise_until_the_provider_recovers(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    assert keys.find("rsa-1") is not None
    provider.is_down = True
    assert keys.find("rsa-1") is not None
    clock.now += MAX_AGE
    with pytest.raises(StorageUnavailable):
        keys.find("rsa-1")
    provider.is_down = False
    clock.now += PAUSE_AFTER_FAULT
    assert keys.find("rsa-1") is not None


@pytest.mark.parametrize("kid", ["rsa-1", "made-up"])
@pytest.mark.parametrize("is_warm", [True, False])
def test_after_a_failed_fetch_of_keys_the_next_fetch_waits(clock: SecondsClock, is_warm: bool, kid: str) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    if is_warm:
        keys.find("rsa-1")
        clock.now += MAX_AGE
    provider.is_down, provider.fetches = True, 0

    for _ in range(20):
        with pytest.raises(StorageUnavailable):
            keys.find(kid)
        clock.now += PAUSE_AFTER_FAULT / 10

    assert provider.fetches == 2


def test_while_the_provider_is_down_a_cached_key_still_works(clock: SecondsClock) -> None:
    provider = Provider(jwk("rsa-1"))
    keys = KeySet(provider, clock=clock)
    keys.find("rsa-1")
    provider.is_down = True
    clock.now += MIN_REFRESH_SECONDS
    with pytest.raises(StorageUnavailable):
        keys.find("made-up")
    assert keys.find("rsa-1") is not None


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b"null", b"<html>", b'{"keys"', b"\xff", b'{"keys": {}}'])
def test_a_malformed_key_set_raises(document: bytes) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        KeySet(lambda: document).find("rsa-1")
    assert (raised.value.operation, raised.value.code) == ("jwks", "malformed")


def test_a_key_set_without_a_usable_key_raises() -> None:
    with pytest.raises(StorageUnavailable) as raised:
        KeySet(lambda: b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}').find("a")
    assert (raised.value.operation, raised.value.code) == ("jwks", "no usable key")


@pytest.mark.parametrize(
    "key",
    [
        None,
        5,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "bad"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "bad", "alg": "HS256"},
        {"kty": "RSA", "kid": "bad"},
        {"kty": "RSA", "kid": "bad", "n": "AQAB", "e": "!"},
        {"kty": "EC", "kid": "bad", "crv": "P-1", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "bad", "alg": "none"},
        jwk("rsa-1", kid="bad", alg="HS256"),
        jwk("rsa-1", kid="bad", alg="none"),
        jwk("rsa-1", kid=5),
        jwk("rsa-1", kid=None),
    ],
)
def test_an_unusable_key_is_skipped_and_the_others_work(key: Any) -> None:
    keys = KeySet(Provider(key, jwk("rsa-1")))
    assert keys.find("bad") is None
    assert keys.find("rsa-1") is not None
