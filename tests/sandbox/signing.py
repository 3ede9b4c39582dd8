"""Keys of an identity provider, and tokens signed with them."""

import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@cache
def private_key(kid: str) -> Any:
    """By its name: those that begin with ec are of P-256, the others of RSA."""
    return ec.generate_private_key(ec.SECP256R1()) if kid.startswith("ec") else rsa.generate_private_key(65537, 2048)


def jwk(kid: str, /, **changes: Any) -> dict[str, Any]:
    """The public key as the provider shows it."""
    algorithm = jwt.algorithms.get_default_algorithms()[_algorithm(kid)]
    shown: dict[str, Any] = algorithm.to_jwk(private_key(kid).public_key(), as_dict=True)
    return {**shown, "kid": kid, "use": "sig", "alg": _algorithm(kid), **changes}


def signed(claims: dict[str, Any], kid: str = "rsa-1", header: dict[str, Any] | None = None) -> str:
    """Not by jwt.encode, which refuses some of what is to be refused."""
    said = json.dumps(claims).encode()
    return jwt.api_jws.encode(said, private_key(kid), _algorithm(kid), headers={"kid": kid, **(header or {})})


def _algorithm(kid: str) -> str:
    return "ES256" if kid.startswith("ec") else "RS256"
