"""Verifies access tokens of the company's own identity provider: JWTs (RFC 9068, and the variants of common providers).

PyJWT and cryptography are imported when the first token arrives, so requests with an API key do not pay for the import.
"""

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge.auth import token_claims
from bridge.domain.caller import Caller

if TYPE_CHECKING:
    from jwt import PyJWK

# Seconds by which the provider's clock may differ from ours.
LEEWAY_SECONDS = 30

# Accepted values of the `typ` header, in lower case. RFC 9068 requires at+jwt; many providers send JWT or nothing.
_ACCEPTED_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_ID = re.compile(r"[!-~]{1,200}")

# Returns the issuer's public key with this `kid` as a JWK, or None.
FindKey = Callable[[str], Mapping[str, Any] | None]


class Issuer(NamedTuple):
    """The trusted identity provider, and how its tokens name audiences and scopes. docs/identity.md has the settings
    of common providers.

    audiences: the claim `audience_claim` must name one of them.
    audience_claim: `aud` (the API), or `client_id` or `azp` (the client).
    scope_claims: the first of these claims that a token contains holds its scopes.
    scope_prefix: prefix of each scope in the token.
    """

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    audience_claim: str = "aud"
    scope_claims: tuple[str, ...] = token_claims.OAUTH_SCOPE_CLAIMS
    scope_prefix: str = ""


def is_jwt(token: str) -> bool:
    """Whether the text has the form of a JWT. Nothing is verified."""
    return _JWT.fullmatch(token) is not None


def verify(token: str, issuer: Issuer, find_key: FindKey) -> Caller | None:
    """The caller that the token identifies, or None if the token is not valid.

    Raises whatever `find_key` raises, such as StorageUnavailable.
    """
    load_cryptography()
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        key = _signing_key(header, issuer, find_key)
        claims = None if key is None else _decode(token, key, header["alg"], issuer)
    # Not chained or logged: the error text may quote the token.
    except jwt.PyJWTError:
        return None
    if claims is None or not _is_for_us(claims, issuer) or not token_claims.is_access_token(claims):
        return None
    return token_claims.caller(
        claims, kid=str(header["kid"]), scope_claims=issuer.scope_claims, scope_prefix=issuer.scope_prefix
    )


def load_cryptography() -> None:
    """Makes the compiled packages importable, and imports cryptography.

    The layer contains one folder of compiled packages per architecture, beside the folder of PyJWT. An ordinary
    installation has no such folder, and needs none.

    Raises:
        ImportError: cryptography is missing. Without this check PyJWT would report every token as invalid.
    """
    # find_spec does not import PyJWT. PyJWT checks for cryptography once, while it is imported.
    found = importlib.util.find_spec("jwt")
    if found is not None and found.origin is not None:
        compiled = str(Path(found.origin).parents[2] / os.uname().machine)
        if compiled not in sys.path:
            sys.path.append(compiled)
    importlib.import_module("cryptography")


def _signing_key(header: Mapping[str, Any], issuer: Issuer, find_key: FindKey) -> "PyJWK | None":
    """The key that the unverified header names, if its type and algorithm are allowed."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if _token_type(header) not in _ACCEPTED_TYPES or algorithm not in issuer.algorithms:
        return None
    if not isinstance(kid, str) or not _KEY_ID.fullmatch(kid):
        return None
    jwk = find_key(kid)
    return None if jwk is None or jwk.get("use") not in (None, "sig") else _bound(jwk, algorithm)


def _bound(jwk: Mapping[str, Any], algorithm: str) -> "PyJWK | None":
    """The key for the only algorithm that it may verify. PyJWT compares that with the token's algorithm.

    `algorithm`: that of the token, which the issuer allows. An RSA key without `alg`, which RFC 7517 makes optional, is
    for each RSA algorithm. PyJWT takes the algorithm of other keys from `alg`, or else from the curve.
    """
    from jwt import PyJWK

    # PyJWT rejects non-canonical encodings of a token.
    if jwk["kty"] != "RSA" or jwk.get("alg"):
        return PyJWK(dict(jwk))
    return PyJWK(dict(jwk), algorithm) if algorithm.startswith(("RS", "PS")) else None


def _token_type(header: Mapping[str, Any]) -> str | None:
    token_type = header.get("typ")
    return None if token_type is None else str(token_type).lower()


def _decode(token: str, key: "PyJWK", algorithm: str, issuer: Issuer) -> dict[str, Any]:
    """The claims, if signature, times and issuer are valid. Raises jwt.PyJWTError."""
    import jwt

    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        # If no audience is given, PyJWT rejects every token with an `aud`. With client_id this is intended: such a
        # token is meant for another API. With azp the check is off, because Keycloak always sets an unrelated `aud`.
        audience=issuer.audiences if issuer.audience_claim == "aud" else None,
        issuer=issuer.issuer,
        leeway=LEEWAY_SECONDS,
        options={
            "require": ["exp", "iss", "sub", issuer.audience_claim],
            "verify_aud": issuer.audience_claim != "azp",
        },
    )
    return claims


def _is_for_us(claims: Mapping[str, Any], issuer: Issuer) -> bool:
    # PyJWT has checked `aud`.
    return issuer.audience_claim == "aud" or claims[issuer.audience_claim] in issuer.audiences
