"""API Gateway's part: HTTP on one side, events of payload format 2.0 for the handlers on the other."""

import sys
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from . import cors
from .answers import http_response, message
from .authorizers import Authorizers, Invoke
from .events import find_route, request_event
from .functions import FunctionError, PayloadTooLargeError
from .wiring import Api

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Bytes of a request's body.
BODY_LIMIT = 10 * 1024 * 1024


class Gateway:
    """A WSGI application in front of one HTTP API's functions.

    Args:
        invoke: calls a function, by its logical id.
        caching: False asks the authorizer on every request, whatever the template says.
    """

    def __init__(self, api: Api, invoke: Invoke, *, caching: bool = True) -> None:
        self._api = api
        self._invoke = invoke
        self.doors = Authorizers(api.authorizers, invoke, caching=caching)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers a WSGI request."""
        request = Request(environ)
        request.max_content_length = BODY_LIMIT
        response = self._answer(request)
        if self._api.cors is not None and request.method != "OPTIONS":
            cors.add_headers(self._api.cors, request, response)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            body = request.get_data()
            return self._route(request, body)
        except (RequestEntityTooLarge, PayloadTooLargeError):
            return message(413, "Request Entity Too Large")
        except ClientDisconnected:
            return message(400, "Bad Request")
        except FunctionError:
            # On AWS this stands in the function's log.
            traceback.print_exc(file=sys.stderr)
            return message(500, "Internal Server Error")

    def _route(self, request: Request, body: bytes) -> Response:
        match = find_route(self._api.routes, request.method, _raw_path(request))
        if match is None:
            if request.method == "OPTIONS" and self._api.cors is not None:
                return cors.preflight(self._api.cors, request)
            return message(404, "Not Found")
        event = request_event(request, match, body)
        if match.route.authorizer is not None:
            refusal = self.doors.refuse(match.route.authorizer, event)
            if refusal is not None:
                return refusal
        return http_response(self._invoke(match.route.function, event))


def _raw_path(request: Request) -> str:
    """The path as it came, for %2F must not part segments."""
    raw: str = request.environ.get("REQUEST_URI", request.path)
    return raw.partition("?")[0]
