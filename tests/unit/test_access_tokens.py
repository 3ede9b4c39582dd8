"""Access tokens: who is let in, and every way that we know of to get in without being."""

import base64
import hashlib
import hmac
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from bridge.auth import access_tokens
from bridge.auth.access_tokens import LEEWAY_SECONDS, MAX_TOKEN_LENGTH, Issuer, is_jwt
from bridge.auth.jwks import KeySet
from bridge.domain.caller import READ, SCOPES, WRITE, Caller
from tests.sandbox.signing import jwk, private_key
from tests.unit.tokens import ISSUER, STRANGER, claims, part, public_pem, token

KEYS = KeySet(lambda: json.dumps({"keys": [jwk("rsa-1"), jwk("ec-1"), jwk("rsa-2", use="enc")]}).encode())


def read(presented: str, issuer: Issuer = ISSUER) -> Caller | None:
    """As the authorizer does."""
    return access_tokens.verify(presented, issuer, KEYS.find) if is_jwt(presented) else None


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_good_token_names_its_subject_and_its_scopes(kid: str) -> None:
    assert read(token(kid)) == Caller("jwt|user-1", (WRITE, READ), f"jwt:{kid[-4:]}")


@pytest.mark.parametrize(
    ("said", "granted"),
    [
        ({"scope": None}, ()),
        ({"scope": ""}, ()),
        ({"scope": "verifications:rea"}, ()),
        ({"scope": f"admin {READ}"}, (READ,)),
        ({"scope": [READ, WRITE]}, (WRITE, READ)),
        ({"scope": None, "scp": READ}, (READ,)),
        ({"scope": None, "scp": [READ, 5]}, (READ,)),
        ({"scope": "openid", "scp": READ}, ()),
        ({"scope": 7}, ()),
        ({"scope": {READ: True}}, ()),
        ({"scope": " ".join(SCOPES).upper()}, ()),
    ],
)
def test_scopes_are_those_that_the_provider_granted_and_we_know(said: dict[str, Any], granted: tuple[str, ...]) -> None:
    found = read(token(**said))
    assert found is not None
    assert found.scopes == granted


@pytest.mark.parametrize("stated", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_typ_of_an_access_token_or_a_plain_jwt_is_accepted(stated: str | None) -> None:
    assert read(token(header={"typ": stated})) is not None


NOW = int(time.time())
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example/"},
    "an issuer without its slash": {"iss": "https://id.example"},
    "no issuer": {"iss": None},
    "issuers in a list": {"iss": ["https://id.example/"]},
    "another audience": {"aud": "https://another.example"},
    "no audience": {"aud": None},
    "an empty audience": {"aud": ""},
    "a part of the audience": {"aud": "https://bridge"},
    "other audiences": {"aud": ["a", "b"]},
    "expired": {"exp": NOW - LEEWAY_SECONDS - 1},
    "no expiry": {"exp": None},
    "an expiry in words": {"exp": "never"},
    "an expiry of no end": {"exp": float("inf")},
    "not yet": {"nbf": NOW + 86400},
    "made tomorrow": {"iat": NOW + 86400},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "x" * 201},
    "a subject with a space": {"sub": "a b"},
    "a subject in two lines": {"sub": "a\nb"},
    "a subject beyond ASCII": {"sub": "\u0430dmin"},
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_a_token_with_wrong_claims_is_refused(name: str) -> None:
    assert read(token(**WRONG_CLAIMS[name])) is None


@pytest.mark.parametrize("subject", [5, True, ["user-1"], {"a": 1}])
def test_a_subject_that_is_no_text_is_refused(subject: Any) -> None:
    assert read(token(sub=subject)) is None


def test_clocks_may_differ_by_half_a_minute() -> None:
    now = int(time.time())
    assert (
        read(token(exp=now - LEEWAY_SECONDS + 10, nbf=now + LEEWAY_SECONDS - 10, iat=now + LEEWAY_SECONDS - 10))
        is not None
    )


def test_a_key_for_another_use_is_refused() -> None:
    assert read(token("rsa-2")) is None
    assert read(token("rsa-1")) is not None


def _signed(header: dict[str, Any], body: Any, secret: bytes) -> str:
    """With HMAC, whatever the header says."""
    said = f"{part(header)}.{part(body)}"
    return f"{said}.{part(hmac.new(secret, said.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0, ["RS256"], "RS256 ", "rs256"])
@pytest.mark.parametrize("signature", ["", "AA", "signature"])
def test_a_token_that_is_not_signed_is_refused(algorithm: Any, signature: str) -> None:
    assert read(f"{part({'alg': algorithm, 'kid': 'rsa-1'})}.{part(claims())}.{signature}") is None


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_an_hmac_with_the_public_key_is_refused(algorithm: str, kid: str) -> None:
    for secret in (public_pem(kid), public_pem(kid).strip(), json.dumps(jwk(kid)).encode(), b""):
        assert read(_signed({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret)) is None
        # Not even where somebody allowed it by mistake.
        mistaken = Issuer(ISSUER.issuer, ISSUER.audiences, ("HS256", "RS256", "ES256"))
        assert read(_signed({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret), mistaken) is None


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": "rsa-2"},
        {"kid": "ec-1"},
        {"kid": "../../dev/null"},
        {"kid": "x" * 201},
        {"kid": "rsa-1\n"},
        {"typ": "logout+jwt"},
        {"typ": "secevent+jwt"},
        {"typ": ["JWT"]},
        {"crit": ["b64"]},
        {"crit": ["exp"], "exp": NOW + 60},
    ],
)
def test_a_header_that_names_no_key_for_it_is_refused(header: dict[str, Any]) -> None:
    assert read(token(header=header)) is None


@pytest.mark.parametrize("kid", [None, 5, ["rsa-1"], {"a": 1}])
def test_a_key_id_that_is_no_text_is_refused(kid: Any) -> None:
    assert read(_signed({"alg": "RS256", "kid": kid}, claims(), b"x")) is None


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_key_in_the_tokens_own_header_is_ignored(kid: str) -> None:
    stranger = f"{kid[:2]}-{STRANGER}"
    shown = jwk(stranger, kid=kid)
    for extra in ({"jwk": shown}, {"jku": "https://evil.example/jwks.json"}, {"x5u": "https://evil.example/"}, {}):
        assert read(token(stranger, header={"kid": kid, **extra})) is None


def test_a_key_is_for_its_own_algorithm() -> None:
    presented = jwt.encode(claims(), private_key("rsa-1"), algorithm="PS256", headers={"kid": "rsa-1"})
    assert read(presented) is None
    assert read(presented, Issuer(ISSUER.issuer, ISSUER.audiences, ("RS256", "PS256"))) is None


RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS)
@pytest.mark.parametrize("unnamed", [{}, {"alg": None}, {"alg": ""}], ids=["no alg", "null", "empty"])
def test_an_rsa_key_without_an_algorithm_is_for_each_rsa_algorithm_that_is_allowed(
    algorithm: str, unnamed: dict[str, Any]
) -> None:
    keys = KeySet(lambda: json.dumps({"keys": [without_algorithm("rsa-1") | unnamed]}).encode())
    presented = jwt.encode(claims(), private_key("rsa-1"), algorithm=algorithm, headers={"kid": "rsa-1"})
    for allowed in RSA_ALGORITHMS:
        issuer = Issuer(ISSUER.issuer, ISSUER.audiences, (allowed,))
        assert (access_tokens.verify(presented, issuer, keys.find) is not None) == (allowed == algorithm)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "PS256", "ES256", "ES384", "ES512"])
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_key_without_an_algorithm_is_for_those_of_its_type_only(algorithm: str, kid: str) -> None:
    """The header names an algorithm, and the signature is by another: as if whatever it names were allowed."""
    keys = KeySet(lambda: json.dumps({"keys": [without_algorithm(kid)]}).encode())
    everything = ("none", "HS256", *RSA_ALGORITHMS, "ES256", "ES384", "ES512")
    issuer = Issuer(ISSUER.issuer, ISSUER.audiences, everything)
    for secret in (public_pem(kid), json.dumps(jwk(kid)).encode(), b""):
        presented = _signed({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims(), secret)
        assert access_tokens.verify(presented, issuer, keys.find) is None
    own = jwk(kid)["alg"]
    signed = _signed_as(algorithm, kid)
    assert (access_tokens.verify(signed, issuer, keys.find) is not None) == (algorithm == own)


def without_algorithm(kid: str) -> dict[str, Any]:
    return {name: value for name, value in jwk(kid).items() if name != "alg"}


def _signed_as(algorithm: str, kid: str) -> str:
    """By the key's own algorithm, whatever the header says."""
    own = jwt.get_algorithm_by_name(jwk(kid)["alg"])
    said = f"{part({'alg': algorithm, 'kid': kid})}.{part(claims())}"
    return f"{said}.{part(own.sign(said.encode(), private_key(kid)))}"


def test_an_algorithm_that_is_not_allowed_is_refused() -> None:
    assert read(token("ec-1"), Issuer(ISSUER.issuer, ISSUER.audiences, ("RS256",))) is None
    assert read(token("ec-1"), Issuer(ISSUER.issuer, ISSUER.audiences, ())) is None


def test_parts_of_two_good_tokens_are_no_good_token() -> None:
    one, other = token(sub="user-1").split("."), token(sub="user-2").split(".")
    assert read(".".join([one[0], other[1], one[2]])) is None
    assert read(".".join([one[0], one[1], other[2]])) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"5", b"{", b"\xff\xfe", b'{"sub": "a", "sub": "b"'])
def test_a_signed_text_that_is_no_object_is_refused(body: bytes) -> None:
    raw = jwt.api_jws.encode(body, private_key("rsa-1"), "RS256", headers={"kid": "rsa-1"})
    assert read(raw) is None


def test_a_truncated_token_is_refused_wherever_it_ends() -> None:
    good = token()
    assert not any(read(good[:length]) for length in range(len(good)))


def test_a_token_with_anything_around_it_is_refused() -> None:
    good = token()
    for more in (good + ".", "." + good, f"{good}.{good}", f"{good},{good}", f"{good} {good}", good + "=", good + "\n"):
        assert read(more) is None


def test_a_signature_in_another_encoding_is_refused() -> None:
    """Base64url leaves bits unused at the end of a part: what differs in them alone would say the same."""
    head, body, signature = token().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    spellings = [signature[:-1] + alphabet[last ^ bits] for bits in range(1, 16)]
    same = [each for each in spellings if _decoded(each) == _decoded(signature)]
    assert same
    assert not any(read(f"{head}.{body}.{each}") for each in same)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_token_that_is_too_long_is_refused() -> None:
    long = token(padding="x" * MAX_TOKEN_LENGTH)
    assert len(long) > MAX_TOKEN_LENGTH
    assert read(long) is None


@pytest.mark.slow
def test_no_mutation_of_a_good_token_is_let_in() -> None:
    rng = random.Random(20261123)
    good = token()
    assert read(good) is not None
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00é"
    tried = 0
    while tried < 10_000:
        mutated = list(good)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            place = rng.randrange(len(mutated))
            match rng.randrange(4):
                case 0:
                    mutated[place] = rng.choice(alphabet)
                case 1:
                    del mutated[place]
                case 2:
                    mutated.insert(place, rng.choice(alphabet))
                case _:
                    other = rng.randrange(len(mutated))
                    mutated[place], mutated[other] = mutated[other], mutated[place]
        presented = "".join(mutated)
        if presented != good:
            tried += 1
            assert read(presented) is None, presented


@pytest.mark.parametrize("missing", ["cryptography", "jwt"])
def test_without_its_layer_a_token_is_an_error_and_not_a_bad_token(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    valid = token()
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ImportError):
        read(valid)


def test_the_compiled_parts_are_found_beside_the_folder_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "python" / "jwt"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "jwt")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])

    for _ in range(2):
        access_tokens.load_cryptography()

    assert sys.path.count(str(tmp_path / os.uname().machine)) == 1
