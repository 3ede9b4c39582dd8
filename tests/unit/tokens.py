"""An identity provider of the tests' own: keys of each kind, and tokens signed with them."""

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bridge.auth.access_tokens import Issuer
from bridge.domain.caller import READ, WRITE

ISSUER = Issuer("https://id.example/", ("https://bridge.example",), ("RS256", "ES256"))
# The provider does not publish keys of this name.
STRANGER = "stranger"


@cache
def private_key(kid: str) -> Any:
    """By its name: those that begin with ec are of P-256, the others of RSA."""
    return ec.generate_private_key(ec.SECP256R1()) if kid.startswith("ec") else rsa.generate_private_key(65537, 2048)


def public_pem(kid: str) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = private_key(kid).public_key().public_bytes(encoding, form)
    return pem


def jwk(kid: str, /, **changes: Any) -> dict[str, Any]:
    """The public key as the provider shows it."""
    algorithm = jwt.algorithms.get_default_algorithms()["ES256" if kid.startswith("ec") else "RS256"]
    shown: dict[str, Any] = algorithm.to_jwk(private_key(kid).public_key(), as_dict=True)
    return {**shown, "kid": kid, "use": "sig", "alg": "ES256" if kid.startswith("ec") else "RS256", **changes}


def claims(**changes: Any) -> dict[str, Any]:
    """Good ones; a change to None leaves one out."""
    now = int(time.time())
    good = {
        "iss": ISSUER.issuer,
        "aud": ISSUER.audiences[0],
        "sub": "user-1",
        "iat": now,
        "exp": now + 600,
        "scope": f"openid {WRITE} {READ}",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(kid: str = "rsa-1", *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return signed(claims(**changes), kid, header)


def signed(claims: dict[str, Any], kid: str = "rsa-1", header: dict[str, Any] | None = None) -> str:
    """Not by jwt.encode, which refuses some of what is to be refused."""
    algorithm = "ES256" if kid.startswith("ec") else "RS256"
    said = json.dumps(claims).encode()
    return jwt.api_jws.encode(said, private_key(kid), algorithm, headers={"kid": kid, **(header or {})})


def part(value: Any) -> str:
    """One part of a token, made by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
