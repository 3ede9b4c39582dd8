"""Reads the claims of a verified token: whether it is an access token, its subject and its scopes."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.domain.caller import JWT_PRINCIPAL_PREFIX, SCOPES, Caller

# The claims that OAuth defines for scopes. An ID token contains neither of them.
OAUTH_SCOPE_CLAIMS = ("scope", "scp")

# The claims that name the client of an access token. `appid` is in version 1 tokens of Microsoft Entra.
_CLIENT_CLAIMS = ("client_id", "azp", "appid")
_SUBJECT = re.compile(r"[!-~]{1,200}")


def is_access_token(claims: Mapping[str, Any]) -> bool:
    """False if the token declares another kind. Providers sign ID, refresh and access tokens with the same keys."""
    is_cognito_access_token = claims.get("token_use", "access") == "access"
    is_keycloak_access_token = claims.get("typ", "Bearer") == "Bearer"
    # OpenID Connect defines these claims for ID tokens only.
    has_id_token_claims = bool({"at_hash", "c_hash"} & claims.keys())
    return is_cognito_access_token and is_keycloak_access_token and not has_id_token_claims


def caller(claims: Mapping[str, Any], *, kid: str, scope_claims: Sequence[str], scope_prefix: str) -> Caller | None:
    """The caller with the token's subject and scopes; None if the subject is missing or malformed.

    `kid` is the id of the key that signed the token.
    """
    subject = claims["sub"]
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        return None
    # A subject may be an e-mail address, so logs identify the token by the end of its key's id only.
    return Caller(JWT_PRINCIPAL_PREFIX + subject, _scopes(claims, scope_claims, scope_prefix), f"jwt:{kid[-4:]}")


def _scopes(claims: Mapping[str, Any], scope_claims: Sequence[str], prefix: str) -> tuple[str, ...]:
    """The scopes in the first claim that is present, even if it is empty.

    A provider that limits what a client may do for a user grants no more than that, whatever roles the user has.
    """
    for name in scope_claims:
        with contextlib.suppress(KeyError):
            value = _claim(claims, name)
            # ID tokens of Microsoft Entra contain the same roles as access tokens, but no client.
            is_granted = name in OAUTH_SCOPE_CLAIMS or any(claims.get(client) for client in _CLIENT_CLAIMS)
            return _known_scopes(value, prefix) if is_granted else ()
    return ()


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path with slashes (`realm_access/roles`). Raises KeyError if it is absent."""
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition("/")
    if not isinstance(claims[outer], dict):
        raise KeyError(name)
    return _claim(claims[outer], inner)


def _known_scopes(value: Any, prefix: str) -> tuple[str, ...]:
    """The scopes of this API in a claim, which is a space-separated string or a list."""
    names = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    granted = {name.removeprefix(prefix) for name in names if isinstance(name, str) and name.startswith(prefix)}
    return tuple(scope for scope in SCOPES if scope in granted)
