"""Who calls, and what they may do: an API key, or an access token of an identity provider."""

import re

from bridge.auth import api_keys
from bridge.auth.access_tokens import is_jwt
from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller

# Characters. API Gateway takes 10 240 bytes of headers in all; access tokens have one or two thousand.
LARGEST_AUTHORIZATION = 8 * 1024

_BEARER = re.compile(r"(?i:bearer) ([A-Za-z0-9._-]+)")
_KEY = re.compile(r"[A-Za-z0-9_-]{20,200}")


def authorize(deps: Dependencies, authorization: str) -> Caller | None:
    """The caller that an Authorization header names, or None. What is unclear opens nothing.

    Raises StorageUnavailable where the keys cannot be had, or SecretMalformed: nobody is let in, and nobody is turned
    away for good.
    """
    match = _BEARER.fullmatch(authorization) if len(authorization) <= LARGEST_AUTHORIZATION else None
    if not match:
        return None
    if _KEY.fullmatch(match[1]):
        return api_keys.find(deps.api_keys.read()["keys"], match[1], deps.now())
    if deps.settings.jwt_issuer and is_jwt(match[1]):
        return deps.read_token(match[1])
    return None
