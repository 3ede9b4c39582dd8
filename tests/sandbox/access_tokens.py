"""Tokens of a fake identity provider, signed with RSA and EC keys."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import serialization

from bridge.auth import access_tokens
from bridge.auth.access_tokens import Issuer, is_jwt
from bridge.auth.jwks import KeySet
from bridge.domain.caller import READ, WRITE, Caller
from tests.sandbox.signing import jwk, private_key, signed

ISSUER = Issuer("https://id.example/", ("https://bridge.example",), ("RS256", "ES256"))
# The provider does not publish keys with this name.
STRANGER = "stranger"
KEYS = KeySet(lambda: json.dumps({"keys": [jwk("rsa-1"), jwk("ec-1"), jwk("rsa-2", use="enc")]}).encode())


def public_pem(kid: str) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = private_key(kid).public_key().public_bytes(encoding, form)
    return pem


def claims(**changes: Any) -> dict[str, Any]:
    """Returns valid claims with these changes. None removes a claim."""
    now = int(time.time())
    valid = {
        "iss": ISSUER.issuer,
        "aud": ISSUER.audiences[0],
        "sub": "user-1",
        "iat": now,
        "exp": now + 600,
        "scope": f"openid {WRITE} {READ}",
    }
    return {name: value for name, value in {**valid, **changes}.items() if value is not None}


def token(kid: str = "rsa-1", *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return signed(claims(**changes), kid, header)


def part(value: Any) -> str:
    """Encodes one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(presented: str, issuer: Issuer = ISSUER) -> Caller | None:
    """Verifies a token as the authorizer does."""
    return access_tokens.verify(presented, issuer, KEYS.find) if is_jwt(presented) else None
