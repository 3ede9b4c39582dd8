"""A frontend in place of your own: the page that people are redirected to, and a receiver of webhooks.

GET  /done, or any other path   a page that shows what the bridge added to redirect_url
POST /hook                      204 if the signature is right, 401 if it is not
PUT  /hook                      how the receiver responds from now on: 204, 503, 410, … or slow
"""

import json
import threading
import time
from html import escape
from typing import Any

from werkzeug.wrappers import Request, Response

from .html import page
from .serving import Server
from .webhooks import is_genuine

HOOK = "/hook"
# Seconds. The bridge waits for ten.
SLOW_SECONDS = 15
_BANNER = "The sandbox's page in place of your frontend: nothing here is yours."
_NOTE = (
    "<p>Anybody can open this page with another id and status. Your backend reads the status with "
    "<code>GET /verifications/{id}</code>.</p>"
)


class Frontend:
    """Listens as soon as it exists. `secret` is the endpoint's.

    Attributes:
        received: the bodies of the genuine webhooks, in the order in which they came.
    """

    def __init__(self, secret: str) -> None:
        self.received: list[Any] = []
        self._secret = secret
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
        if request.path != HOOK:
            return Response(_done(request.args.to_dict()), content_type="text/html; charset=utf-8")
        if request.method == "PUT":
            return self._choose(request.get_data(as_text=True).strip())
        return self._receive(request) if request.method == "POST" else _text(405, "POST webhooks here.")

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
