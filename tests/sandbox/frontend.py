"""The sandbox's frontend: the demo frontend, a page for redirect_url, and a receiver of webhooks.

GET  /                          the demo frontend, demo_frontend.html
GET  /token                     an access token for the demo frontend, in place of a login
GET  /done, or any other path   a page that shows what the bridge adds to redirect_url
POST /hook                      receives a webhook: 204 if the signature is valid, else 401
PUT  /hook                      sets how the receiver responds: 204, 503, 410, … or slow
"""

import json
import threading
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from . import cors
from .backing_services import LOCAL_ORIGINS
from .html import page
from .identity_provider import TOKEN_SECONDS
from .serving import Server
from .triggers import Cors
from .webhooks import is_genuine

HOOK, DEMO, TOKEN = "/hook", "/", "/token"
# Seconds until a slow response, which is longer than the ten that the bridge waits.
SLOW_SECONDS = 15
_DEMO_PAGE = Path(__file__).with_name("demo_frontend.html")
# The API's URL in the file, which is replaced by the real one.
_API_URL = "http://127.0.0.1:8080"
# Lets your own pages on other ports of this machine get a token.
_LOCAL = Cors(tuple(LOCAL_ORIGINS.split(",")))
_NO_STORE = {"Cache-Control": "no-store"}
_BANNER = "This page of the sandbox stands in for your frontend."
_NOTE = (
    "<p>Anybody can open this page with another id and status. Your backend reads the status with "
    "<code>GET /verifications/{id}</code>.</p>"
)


class Frontend:
    """The frontend's server, which runs from the constructor to stop().

    Args:
        secret: the secret of the webhook endpoint.
        api_url: the URL of the API, without a slash at the end.
        new_token: returns an access token for the user of the demo frontend.

    Attributes:
        received: the bodies of the webhooks with a valid signature, oldest first.
    """

    def __init__(self, secret: str, *, api_url: str, new_token: Callable[[], str]) -> None:
        self.received: list[Any] = []
        self._secret = secret
        self._api_url = api_url
        self._new_token = new_token
        self._response = "204"
        self._stopping = threading.Event()
        self._server = Server()
        self._server.start(Request.application(self.respond))

    @property
    def url(self) -> str:
        """http://host:port, without a slash at the end."""
        return self._server.url

    def stop(self) -> None:
        """Stops the server."""
        self._stopping.set()
        self._server.stop()

    def respond(self, request: Request) -> Response:
        """Responds to any request."""
        if request.path == DEMO:
            demo = _DEMO_PAGE.read_text(encoding="utf-8").replace(_API_URL, self._api_url)
            return Response(demo, headers=_NO_STORE, content_type="text/html; charset=utf-8")
        if request.path == TOKEN:
            return self._send_token(request)
        if request.path != HOOK:
            return Response(_done(request.args.to_dict()), content_type="text/html; charset=utf-8")
        if request.method == "PUT":
            return self._set_response(request.get_data(as_text=True).strip())
        return self._receive(request) if request.method == "POST" else _text(405, "POST webhooks here.")

    def _send_token(self, request: Request) -> Response:
        # Rejects DNS rebinding: another site's name that resolves to this machine, to read the token in a browser.
        if request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            return _text(403, "Only pages on 127.0.0.1 or localhost get a token.")
        token = {"access_token": self._new_token(), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        response = Response(json.dumps(token), headers=_NO_STORE, content_type="application/json")
        cors.add_headers(_LOCAL, request, response)
        return response

    def _set_response(self, response: str) -> Response:
        is_status = response.isascii() and response.isdecimal() and 200 <= int(response) <= 599
        if not is_status and response != "slow":
            return _text(400, "Send a status from 200 to 599, or slow, such as: curl -X PUT $FRONTEND_URL/hook -d 503")
        self._response = response
        return _text(200, f"From now on webhooks get: {response}")

    def _receive(self, request: Request) -> Response:
        body = request.get_data()
        if not is_genuine(self._secret, {name.lower(): value for name, value in request.headers}, body, time.time()):
            return _text(401, "The signature or the timestamp is not valid.")
        if self._response == "slow":
            self._stopping.wait(SLOW_SECONDS)
            return Response(status=204)
        if self._response.startswith("2"):
            self.received.append(json.loads(body))
        return Response(status=int(self._response))


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")


def _done(query: dict[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>" for name, value in query.items())
    status = query.get("status")
    return page(
        f"Back at the frontend: {status}" if status else "A frontend", f"<dl>{rows}</dl>{_NOTE}", banner=_BANNER
    )
