"""The keys of an identity provider, and tokens that it signs."""

import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@cache
def private_key(kid: str) -> Any:
    """Returns the key of this name: P-256 if the name begins with ec, else RSA."""
    return ec.generate_private_key(ec.SECP256R1()) if kid.startswith("ec") else rsa.generate_private_key(65537, 2048)


def jwk(kid: str, /, **changes: Any) -> dict[str, Any]:
    """Returns the public key as a JSON Web Key, with `changes`."""
    algorithm = jwt.algorithms.get_default_algorithms()[_algorithm(kid)]
    public: dict[str, Any] = algorithm.to_jwk(private_key(kid).public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": _algorithm(kid), **changes}


def signed(claims: dict[str, Any], kid: str = "rsa-1", header: dict[str, Any] | None = None) -> str:
    """Returns a signed token. Does not use jwt.encode, which rejects some of the invalid claims that tests need."""
    payload = json.dumps(claims).encode()
    return jwt.api_jws.encode(payload, private_key(kid), _algorithm(kid), headers={"kid": kid, **(header or {})})


def _algorithm(kid: str) -> str:
    return "ES256" if kid.startswith("ec") else "RS256"
