"""Access tokens of the company's own identity provider: JWT (RFC 9068, and what providers issue that differs from it).

Providers disagree on where a token names its audience and its scopes; docs/identity.md has the settings for each.
The library and its cryptography are imported when the first such token comes: who sends an API key does not wait for
them.
"""

import contextlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.domain.caller import SCOPES, Caller

if TYPE_CHECKING:
    from jwt import PyJWK

# Characters of a token; API Gateway takes headers of 10 KB in all.
LONGEST_TOKEN = 8192
# Seconds by which the provider's clock may differ from ours.
LEEWAY = 30
# What no API key's principal begins with.
SUBJECT = "jwt|"

# What a token may say that it is, in lower case; RFC 9068 names at+jwt, many providers name less.
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SUBJECT = re.compile(r"[!-~]{1,200}")
_KEY_ID = re.compile(r"[!-~]{1,200}")

# What OAuth grants to a client. ID tokens have neither, but may have any other claim.
_GRANTS = ("scope", "scp")
# Where access tokens name the client that they were issued to; `appid` is Entra's in tokens of version 1.
_CLIENTS = ("client_id", "azp", "appid")

Keys = Callable[[str], "PyJWK | None"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are accepted, for which audiences, and where these tokens name their scopes.

    `audience_claim` has to name one of `audiences`: the API in `aud`, or the client in `client_id` or `azp`.
    The first of `scope_claims` that a token has holds its scopes, each behind `scope_prefix`.
    """

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    audience_claim: str = "aud"
    scope_claims: tuple[str, ...] = _GRANTS
    scope_prefix: str = ""


def is_jwt(token: str) -> bool:
    return len(token) <= LONGEST_TOKEN and _JWT.fullmatch(token) is not None


def read(token: str, issuer: Issuer, keys: Keys) -> Caller | None:
    """Who a token names, or None for one that is not to be trusted. `keys` finds the issuer's key by its `kid`."""
    library()
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        key = _key(header, issuer, keys)
        if key is None:
            return None
        claims = jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            # Without an audience to look for, PyJWT refuses every token that has an `aud`: one whose client_id counts
            # must not be meant for another API. What Keycloak puts into `aud` by default says nothing of the API.
            audience=issuer.audiences if issuer.audience_claim == "aud" else None,
            issuer=issuer.issuer,
            leeway=LEEWAY,
            options={
                "require": ["exp", "iss", "sub", issuer.audience_claim],
                "verify_aud": issuer.audience_claim != "azp",
            },
        )
    # The text of these errors may quote the token.
    except jwt.PyJWTError:
        return None
    is_for_us = issuer.audience_claim == "aud" or claims[issuer.audience_claim] in issuer.audiences
    if not is_for_us or not _is_access_token(claims):
        return None
    return _authorized(claims, issuer, str(header["kid"]))


def library() -> None:
    """Makes the compiled parts importable: the layer has them for each architecture, in a folder beside that of the
    library. Where they are installed as usual, there is no such folder.

    Raises ImportError where they are missing: the library alone would take every token for a bad one.
    """
    # Not by importing it: it looks for the compiled parts when it is imported.
    found = importlib.util.find_spec("jwt")
    if found is not None and found.origin is not None:
        compiled = str(Path(found.origin).parents[2] / os.uname().machine)
        if compiled not in sys.path:
            sys.path.append(compiled)
    importlib.import_module("cryptography")


def _key(header: Mapping[str, Any], issuer: Issuer, keys: Keys) -> "PyJWK | None":
    """The key that the header names, if it is one for an algorithm that may be. No more of the header is believed."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if _type(header) not in _TYPES or algorithm not in issuer.algorithms:
        return None
    if not isinstance(kid, str) or not _KEY_ID.fullmatch(kid):
        return None
    key = keys(kid)
    # That a key is one for the algorithm, and that a token has one spelling alone, the library sees to.
    return key if key is not None and key.public_key_use in (None, "sig") else None


def _type(header: Mapping[str, Any]) -> str | None:
    stated = header.get("typ")
    return None if stated is None else str(stated).lower()


def _is_access_token(claims: Mapping[str, Any]) -> bool:
    """False for what says that it is another kind of token; providers sign them all with the same keys."""
    is_cognitos = claims.get("token_use", "access") == "access"
    is_keycloaks = claims.get("typ", "Bearer") == "Bearer"
    # OpenID Connect has these in ID tokens alone.
    return is_cognitos and is_keycloaks and not {"at_hash", "c_hash"} & claims.keys()


def _authorized(claims: Mapping[str, Any], issuer: Issuer, kid: str) -> Caller | None:
    subject = claims["sub"]
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        return None
    # Of the token only the end of its key's name stands in logs: a subject may be an address.
    return Caller(SUBJECT + subject, _scopes(claims, issuer), f"jwt:{kid[-4:]}")


def _scopes(claims: Mapping[str, Any], issuer: Issuer) -> tuple[str, ...]:
    """Those in the first of the claims that is there, even if it is empty: a provider that states what a client may do
    for a user grants no more than that, whatever roles the user has."""
    for name in issuer.scope_claims:
        with contextlib.suppress(KeyError):
            stated = _claim(claims, name)
            # Entra's ID tokens have the same roles as its access tokens, and name no client.
            is_granted = name in _GRANTS or any(claims.get(client) for client in _CLIENTS)
            return _known(stated, issuer.scope_prefix) if is_granted else ()
    return ()


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by the path to it (`realm_access/roles`); KeyError if there is none."""
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition("/")
    if not isinstance(claims[outer], dict):
        raise KeyError(name)
    return _claim(claims[outer], inner)


def _known(stated: Any, prefix: str) -> tuple[str, ...]:
    """The scopes that we know among those that a claim states, as a text with spaces between them or as a list."""
    names = stated.split() if isinstance(stated, str) else stated if isinstance(stated, list) else []
    granted = {name.removeprefix(prefix) for name in names if isinstance(name, str) and name.startswith(prefix)}
    return tuple(scope for scope in SCOPES if scope in granted)
