"""A frontend in place of your own: the demo frontend, a page for redirect_url, and a receiver of webhooks.

GET  /                          the demo frontend: demo_frontend.html
GET  /token                     an access token for it, in place of a login
GET  /done, or any other path   a page that shows what the bridge added to redirect_url
POST /hook                      204 if the signature is right, 401 if it is not
PUT  /hook                      how the receiver responds from now on: 204, 503, 410, … or slow
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
from .backing import LOCAL_ORIGINS
from .html import page
from .identity_provider import TOKEN_SECONDS
from .serving import Server
from .triggers import Cors
from .webhooks import is_genuine

HOOK, DEMO, TOKEN = "/hook", "/", "/token"
# Seconds. The bridge waits for ten.
SLOW_SECONDS = 15
_DEMO_PAGE = Path(__file__).with_name("demo_frontend.html")
# What the page has in place of the API's URL.
_API_URL = "http://127.0.0.1:8080"
# For pages of your own, on other ports of this machine.
_LOCAL = Cors(tuple(LOCAL_ORIGINS.split(",")))
_NO_STORE = {"Cache-Control": "no-store"}
_BANNER = "The sandbox's page in place of your frontend: nothing here is yours."
_NOTE = (
    "<p>Anybody can open this page with another id and status. Your backend reads the status with "
    "<code>GET /verifications/{id}</code>.</p>"
)


class Frontend:
    """Listens as soon as it exists.

    Args:
        secret: of the endpoint of webhooks.
        api_url: of the API that the demo frontend calls, without a slash at the end.
        new_token: returns an access token for the person in front of the demo frontend.

    Attributes:
        received: the bodies of the genuine webhooks, in the order in which they came.
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
        """Refuses connections from now on."""
        self._stopping.set()
        self._server.stop()

    def respond(self, request: Request) -> Response:
        """Responds to any request."""
        if request.path == DEMO:
            demo = _DEMO_PAGE.read_text(encoding="utf-8").replace(_API_URL, self._api_url)
            return Response(demo, headers=_NO_STORE, content_type="text/html; charset=utf-8")
        if request.path == TOKEN:
            return self._give_token(request)
        if request.path != HOOK:
            return Response(_done(request.args.to_dict()), content_type="text/html; charset=utf-8")
        if request.method == "PUT":
            return self._choose(request.get_data(as_text=True).strip())
        return self._receive(request) if request.method == "POST" else _text(405, "POST webhooks here.")

    def _give_token(self, request: Request) -> Response:
        # Another site may let its name lead to this machine, to read from here in a browser (DNS rebinding).
        if request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            return _text(403, "Tokens are for pages of this machine.")
        token = {"access_token": self._new_token(), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        response = Response(json.dumps(token), headers=_NO_STORE, content_type="application/json")
        cors.add_headers(_LOCAL, request, response)
        return response

    def _choose(self, response: str) -> Response:
        is_status = response.isascii() and response.isdecimal() and 200 <= int(response) <= 599
        if not is_status and response != "slow":
            return _text(400, "Send a status from 200 to 599, or slow, such as: curl -X PUT $FRONTEND_URL/hook -d 503")
        self._response = response
        return _text(200, f"From now on webhooks get: {response}")

    def _receive(self, request: Request) -> Response:
        body = request.get_data()
        if not is_genuine(self._secret, {name.lower(): value for name, value in request.headers}, body, time.time()):
            return _text(401, "The signature is wrong.")
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
