"""Which signatures of access tokens are accepted: algorithms, keys and encodings."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest

from bridge.auth import access_tokens
from bridge.auth.access_tokens import Issuer
from bridge.auth.jwks import KeySet
from tests.sandbox.access_tokens import ISSUER, STRANGER, claims, part, public_pem, read, token
from tests.sandbox.signing import jwk, private_key


def test_a_key_for_another_use_is_refused() -> None:
    assert read(token("rsa-2")) is None
    assert read(token("rsa-1")) is not None


def _signed_with_hmac(header: dict[str, Any], body: Any, secret: bytes) -> str:
    """Signs with HMAC, whatever the header says."""
    message = f"{part(header)}.{part(body)}"
    return f"{message}.{part(hmac.new(secret, message.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0, ["RS256"], "RS256 ", "rs256"])
@pytest.mark.parametrize("signature", ["", "AA", "signature"])
def test_a_token_that_is_not_signed_is_refused(algorithm: Any, signature: str) -> None:
    assert read(f"{part({'alg': algorithm, 'kid': 'rsa-1'})}.{part(claims())}.{signature}") is None


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_an_hmac_with_the_public_key_is_refused(algorithm: str, kid: str) -> None:
    for secret in (public_pem(kid), public_pem(kid).strip(), json.dumps(jwk(kid)).encode(), b""):
        assert read(_signed_with_hmac({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret)) is None
        # HMAC is refused even if an operator allowed it by mistake.
        mistaken = Issuer(ISSUER.issuer, ISSUER.audiences, ("HS256", "RS256", "ES256"))
        assert read(_signed_with_hmac({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret), mistaken) is None


@pytest.mark.parametrize("kid", [None, 5, ["rsa-1"], {"a": 1}])
def test_a_key_id_that_is_not_a_string_is_refused(kid: Any) -> None:
    assert read(_signed_with_hmac({"alg": "RS256", "kid": kid}, claims(), b"x")) is None


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_key_in_the_tokens_own_header_is_ignored(kid: str) -> None:
    stranger = f"{kid[:2]}-{STRANGER}"
    shown = jwk(stranger, kid=kid)
    for extra in ({"jwk": shown}, {"jku": "https://evil.example/jwks.json"}, {"x5u": "https://evil.example/"}, {}):
        assert read(token(stranger, header={"kid": kid, **extra})) is None


def test_a_key_is_used_only_for_its_own_algorithm() -> None:
    presented = jwt.encode(claims(), private_key("rsa-1"), algorithm="PS256", headers={"kid": "rsa-1"})
    assert read(presented) is None
    assert read(presented, Issuer(ISSUER.issuer, ISSUER.audiences, ("RS256", "PS256"))) is None


RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS)
@pytest.mark.parametrize("unnamed", [{}, {"alg": None}, {"alg": ""}], ids=["no alg", "null", "empty"])
def test_an_rsa_key_without_an_algorithm_serves_each_allowed_rsa_algorithm(
    algorithm: str, unnamed: dict[str, Any]
) -> None:
    keys = KeySet(lambda: json.dumps({"keys": [without_algorithm("rsa-1") | unnamed]}).encode())
    presented = jwt.encode(claims(), private_key("rsa-1"), algorithm=algorithm, headers={"kid": "rsa-1"})
    for allowed in RSA_ALGORITHMS:
        issuer = Issuer(ISSUER.issuer, ISSUER.audiences, (allowed,))
        assert (access_tokens.verify(presented, issuer, keys.find) is not None) == (allowed == algorithm)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "PS256", "ES256", "ES384", "ES512"])
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_key_without_an_algorithm_serves_only_those_of_its_type(algorithm: str, kid: str) -> None:
    """The header may name any algorithm: the issuer allows all of them. The signature is by the key's own."""
    keys = KeySet(lambda: json.dumps({"keys": [without_algorithm(kid)]}).encode())
    everything = ("none", "HS256", *RSA_ALGORITHMS, "ES256", "ES384", "ES512")
    issuer = Issuer(ISSUER.issuer, ISSUER.audiences, everything)
    for secret in (public_pem(kid), json.dumps(jwk(kid)).encode(), b""):
        presented = _signed_with_hmac({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret)
        assert access_tokens.verify(presented, issuer, keys.find) is None
    own = jwk(kid)["alg"]
    signed = _signed_as(algorithm, kid)
    assert (access_tokens.verify(signed, issuer, keys.find) is not None) == (algorithm == own)


def without_algorithm(kid: str) -> dict[str, Any]:
    return {name: value for name, value in jwk(kid).items() if name != "alg"}


def _signed_as(algorithm: str, kid: str) -> str:
    """Signs with the key's own algorithm, whatever the header says."""
    own = jwt.get_algorithm_by_name(jwk(kid)["alg"])
    message = f"{part({'alg': algorithm, 'kid': kid})}.{part(claims())}"
    return f"{message}.{part(own.sign(message.encode(), private_key(kid)))}"


def test_an_algorithm_that_is_not_allowed_is_refused() -> None:
    assert read(token("ec-1"), Issuer(ISSUER.issuer, ISSUER.audiences, ("RS256",))) is None
    assert read(token("ec-1"), Issuer(ISSUER.issuer, ISSUER.audiences, ())) is None


def test_a_token_made_of_parts_of_two_valid_tokens_is_refused() -> None:
    one, other = token(sub="user-1").split("."), token(sub="user-2").split(".")
    assert read(".".join([one[0], other[1], one[2]])) is None
    assert read(".".join([one[0], one[1], other[2]])) is None


def test_a_signature_in_another_encoding_is_refused() -> None:
    """Base64url leaves bits unused at the end of a part. Spellings that differ only there decode to the same bytes."""
    head, body, signature = token().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    spellings = [signature[:-1] + alphabet[last ^ bits] for bits in range(1, 16)]
    same = [each for each in spellings if _decoded(each) == _decoded(signature)]
    assert same
    assert not any(read(f"{head}.{body}.{each}") for each in same)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
