"""An identity provider behind TLS: it shows the public key that tests/unit/tokens.py signs with."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from tests.unit import tokens

AUDIENCE = "ekyc-bridge"
_KID = "rsa-deployed"


class IdentityProvider:
    """`issuer` is what its tokens name, and where its key set is."""

    def __init__(self, tls: SSLContext) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _KeySet)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, scopes: str, *, subject: str = "user-1", audience: str = AUDIENCE) -> str:
        """A good access token for ten minutes."""
        return tokens.token(_KID, iss=self.issuer, aud=audience, sub=subject, scope=scopes)


class _KeySet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/.well-known/jwks.json"
        body = json.dumps({"keys": [tokens.jwk(_KID)]}).encode() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing: the output is the tests'."""
