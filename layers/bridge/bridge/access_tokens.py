"""Access tokens of the company's own identity provider: JWT (RFC 9068) for frontends without a backend.

The library and its cryptography are imported when the first such token comes: who sends an API key does not wait for
them.
"""

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.models import SCOPES, Authorized

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

Keys = Callable[[str], "PyJWK | None"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are taken, and for whom they have to be made."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]


def is_jwt(token: str) -> bool:
    return len(token) <= LONGEST_TOKEN and _JWT.fullmatch(token) is not None


def read(token: str, issuer: Issuer, keys: Keys) -> Authorized | None:
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
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    # The text of these errors may quote the token.
    except jwt.PyJWTError:
        return None
    return _authorized(claims, str(header["kid"]))


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


def _authorized(claims: Mapping[str, Any], kid: str) -> Authorized | None:
    subject = claims["sub"]
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        return None
    scopes = claims.get("scope", claims.get("scp", ""))
    granted = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
    # Of the token only the end of its key's name stands in logs: a subject may be an address.
    return Authorized(SUBJECT + subject, tuple(scope for scope in SCOPES if scope in granted), f"jwt:{kid[-4:]}")
