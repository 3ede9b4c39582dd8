"""An identity provider of the tests' own: keys of each kind, and tokens signed with them."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import serialization

from bridge.auth.access_tokens import Issuer
from bridge.domain.caller import READ, WRITE
from tests.sandbox.signing import private_key, signed

ISSUER = Issuer("https://id.example/", ("https://bridge.example",), ("RS256", "ES256"))
# The provider does not publish keys of this name.
STRANGER = "stranger"


def public_pem(kid: str) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = private_key(kid).public_key().public_bytes(encoding, form)
    return pem


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


def part(value: Any) -> str:
    """One part of a token, made by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
