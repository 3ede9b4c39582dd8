"""The Flask application, and the handler of its HTTP server."""

from typing import TYPE_CHECKING, Any

from flask import Flask, request

from tests.sandbox.serving import SilentHandler

from . import admin, api, person
from .errors import UnknownTokenError
from .state import State

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Handler(SilentHandler):
    """HTTP/1.1, one request per connection (werkzeug ends each)."""

    def make_environ(self) -> "WSGIEnvironment":
        """Passes the two credential headers to the application, because WSGI drops names with an underscore."""
        environ = super().make_environ()
        for name in ("client_id", "client_secret"):
            environ[f"vendor.{name}"] = self.headers.get(name, "")
        return environ

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Ends the connection, which cannot carry another request after a RawResponse."""
        self.close_connection = True


def application(state: State) -> Flask:
    """Returns the application with all routes for one state."""
    app = Flask(__name__)
    app.before_request(_read_body)
    for routes in (api.routes, person.routes, admin.routes):
        app.register_blueprint(routes(state))
    app.register_error_handler(ValueError, admin.bad_request)
    app.register_error_handler(UnknownTokenError, admin.not_found)
    return app


def _read_body() -> None:
    # If the body is not read, closing resets the connection, and the client may lose the response.
    request.get_data()
