"""Identifies the caller by an API key, or by an access token of the identity provider."""

import re

from bridge.auth import api_keys
from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller

# Characters. API Gateway limits all headers together to 10 240 bytes. Access tokens have one or two thousand
# characters.
MAX_AUTHORIZATION_LENGTH = 8 * 1024

_BEARER = re.compile(r"(?i:bearer) ([A-Za-z0-9._-]+)")
_KEY = re.compile(r"[A-Za-z0-9_-]{20,200}")


def authorize(deps: Dependencies, authorization: str) -> Caller | None:
    """The caller that an Authorization header identifies; None if the header is malformed or not accepted.

    Raises:
        StorageUnavailable: the keys cannot be read. API Gateway then returns a 500, which clients retry.
        SecretMalformed: the secret with the API keys is malformed.
    """
    match = _BEARER.fullmatch(authorization) if len(authorization) <= MAX_AUTHORIZATION_LENGTH else None
    if not match:
        return None
    if _KEY.fullmatch(match[1]):
        return api_keys.find_caller(deps.api_keys.read()["keys"], match[1], deps.now())
    # Imported here because callers with an API key do not need it.
    from bridge.auth.access_tokens import is_jwt

    if deps.settings.jwt_issuer and is_jwt(match[1]):
        return deps.verify_access_token(match[1])
    return None
