"""The sandbox's identity provider: it signs access tokens, and serves the public key."""

import json
import time
from collections.abc import Sequence
from ssl import SSLContext
from types import TracebackType
from typing import Self

from werkzeug.wrappers import Request, Response

from .backing_services import LOOPBACK
from .serving import Server
from .signing import jwk, signed

# The template's default for JwtAudience.
AUDIENCE = "ekyc-bridge"
# Seconds that a token is valid.
TOKEN_SECONDS = 600
KEY_SET = "/.well-known/jwks.json"
_KID = "rsa-sandbox"


class IdentityProvider:
    """The provider's server, which runs from the constructor to stop() or to the end of a with block.

    Attributes:
        issuer: the `iss` of its tokens. The key set is at `issuer` + KEY_SET.
    """

    def __init__(self, *, hosts: Sequence[str] = (LOOPBACK,), tls: SSLContext | None = None) -> None:
        self._server = Server(hosts, tls=tls)
        self.issuer = self._server.url
        self._server.start(Request.application(_key_set))

    def stop(self) -> None:
        """Stops the server."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def token(self, scopes: str, *, subject: str = "user-1", audience: str = AUDIENCE) -> str:
        """Returns an access token that is valid for TOKEN_SECONDS. Spaces separate `scopes`."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": audience, "sub": subject, "scope": scopes}
        return signed({**claims, "iat": now, "exp": now + TOKEN_SECONDS}, _KID)


def _key_set(request: Request) -> Response:
    if request.path != KEY_SET:
        return Response(status=404)
    return Response(json.dumps({"keys": [jwk(_KID)]}), content_type="application/json")
