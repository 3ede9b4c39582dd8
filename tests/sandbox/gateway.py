"""API Gateway: turns HTTP requests into events of payload format 2.0, and results into HTTP responses."""

import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from . import cors
from .authorizers import Authorizers, Invoke
from .events import HttpRequest, find_route, http_event
from .lambda_runner import FunctionError, PayloadTooLargeError
from .responses import http_response, message
from .triggers import Api

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# The most bytes of a request's body.
BODY_LIMIT = 10 * 1024 * 1024


class Gateway:
    """A WSGI application for one HTTP API.

    Args:
        invoke: calls a function by its logical id.
        clock: returns seconds, for the authorizers' cache.
    """

    def __init__(self, api: Api, invoke: Invoke, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._invoke = invoke
        self.authorizers = Authorizers(api.authorizers, invoke, clock=clock)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Responds to a WSGI request."""
        request = Request(environ)
        request.max_content_length = BODY_LIMIT
        response = self._serve(request)
        if self._api.cors is not None and request.method != "OPTIONS":
            cors.add_headers(self._api.cors, request, response)
        return response(environ, start_response)

    def _serve(self, request: Request) -> Response:
        try:
            received = _received(request)
            has_route = find_route(self._api.routes, request.method, received.raw_path) is not None
            if request.method == "OPTIONS" and self._api.cors is not None and not has_route:
                return cors.preflight(self._api.cors, request)
            return self.respond(received)
        except (RequestEntityTooLarge, PayloadTooLargeError):
            return message(413)
        except ClientDisconnected:
            return message(400)
        except FunctionError:
            # On AWS, the traceback is in the function's log.
            traceback.print_exc(file=sys.stderr)
            return message(500)

    def respond(self, request: HttpRequest) -> Response:
        """Returns the response to a request.

        Raises:
            FunctionError: the function or its authorizer failed, for which API Gateway responds with 500.
            PayloadTooLargeError: the event is too large for Lambda.
        """
        match = find_route(self._api.routes, request.method, request.raw_path)
        if match is None:
            return message(404)
        event = http_event(request, match)
        if match.route.authorizer is not None:
            rejection = self.authorizers.authorize(match.route.authorizer, event)
            if rejection is not None:
                return message(rejection)
        return http_response(self._invoke(match.route.function, event))


def _received(request: Request) -> HttpRequest:
    # The path is still encoded, because %2F must not separate segments.
    raw: str = request.environ.get("REQUEST_URI", request.path)
    return HttpRequest(
        method=request.method,
        path=request.path,
        raw_path=raw.partition("?")[0],
        query=request.query_string.decode("latin-1"),
        headers=list(request.headers.items()),
        body=request.get_data(),
        host=request.host,
        id=uuid.uuid4().hex[:15] + "=",
        now=time.time(),
        source_ip=request.remote_addr or "127.0.0.1",
        protocol=request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )
