"""Which access tokens are accepted: claims, headers and form. test_access_token_signatures.py tests signatures."""

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from bridge.auth import access_tokens
from bridge.auth.access_tokens import LEEWAY_SECONDS
from bridge.domain.caller import READ, SCOPES, WRITE, Caller
from tests.sandbox.access_tokens import read, token
from tests.sandbox.signing import private_key


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_valid_token_gives_its_subject_and_scopes(kid: str) -> None:
    assert read(token(kid)) == Caller("jwt|user-1", (WRITE, READ), f"jwt:{kid[-4:]}")


@pytest.mark.parametrize(
    ("stated", "granted"),
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
def test_only_known_scopes_that_the_provider_granted_count(stated: dict[str, Any], granted: tuple[str, ...]) -> None:
    found = read(token(**stated))
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
    "an expiry that is text": {"exp": "never"},
    "an infinite expiry": {"exp": float("inf")},
    "not valid yet": {"nbf": NOW + 86400},
    "issued tomorrow": {"iat": NOW + 86400},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "x" * 201},
    "a subject with a space": {"sub": "a b"},
    "a subject in two lines": {"sub": "a\nb"},
    "a non-ASCII subject": {"sub": "\u0430dmin"},
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_a_token_with_wrong_claims_is_refused(name: str) -> None:
    assert read(token(**WRONG_CLAIMS[name])) is None


@pytest.mark.parametrize("subject", [5, True, ["user-1"], {"a": 1}])
def test_a_subject_that_is_not_a_string_is_refused(subject: Any) -> None:
    assert read(token(sub=subject)) is None


def test_clocks_may_differ_by_half_a_minute() -> None:
    now = int(time.time())
    assert (
        read(token(exp=now - LEEWAY_SECONDS + 10, nbf=now + LEEWAY_SECONDS - 10, iat=now + LEEWAY_SECONDS - 10))
        is not None
    )


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
def test_a_header_that_names_no_usable_key_is_refused(header: dict[str, Any]) -> None:
    assert read(token(header=header)) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"5", b"{", b"\xff\xfe", b'{"sub": "a", "sub": "b"'])
def test_a_signed_payload_that_is_no_json_object_is_refused(body: bytes) -> None:
    raw = jwt.api_jws.encode(body, private_key("rsa-1"), "RS256", headers={"kid": "rsa-1"})
    assert read(raw) is None


def test_a_truncated_token_is_refused_wherever_it_ends() -> None:
    good = token()
    assert not any(read(good[:length]) for length in range(len(good)))


def test_a_token_with_text_around_it_is_refused() -> None:
    good = token()
    for more in (good + ".", "." + good, f"{good}.{good}", f"{good},{good}", f"{good} {good}", good + "=", good + "\n"):
        assert read(more) is None


@pytest.mark.slow
def test_every_mutation_of_a_valid_token_is_refused() -> None:
    rng = random.Random(20261123)
    good = token()
    assert read(good) is not None
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00é"
    attempts = 0
    while attempts < 10_000:
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
            attempts += 1
            assert read(presented) is None, presented


@pytest.mark.parametrize("missing", ["cryptography", "jwt"])
def test_a_missing_layer_raises_instead_of_refusing_the_token(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    valid = token()
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ImportError):
        read(valid)


def test_the_compiled_packages_are_found_beside_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "python" / "jwt"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "jwt")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])

    for _ in range(2):
        access_tokens.load_cryptography()

    assert sys.path.count(str(tmp_path / os.uname().machine)) == 1
