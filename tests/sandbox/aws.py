"""The embedded AWS: moto's server on this machine, and the variables that make boto3 use it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from .moto_workarounds import read_secrets_by_label
from .serving import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT_REGION = "us-east-1"
# The id of moto's only account.
ACCOUNT_ID = "123456789012"
# A variable such as AWS_ENDPOINT_URL_DYNAMODB sends one service to another server, which needs its own credentials.
SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"


class QuietMotoHandler(MotoRequestHandler):
    """moto's request handler without a log line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


class SerializedDynamoDb:
    """moto that serves one DynamoDB request at a time: its conditional writes are not atomic, as DynamoDB's are."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._lock = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Responds to a WSGI request."""
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._app(environ, start_response)
        with self._lock:
            return self._app(environ, start_response)


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher with a cache: without it, moto lists its own folders at each request to find the service."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """Returns the name of the service, or None for an unknown host."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


def moto() -> SerializedDynamoDb:
    """Returns moto's server as a WSGI application."""
    read_secrets_by_label()
    return SerializedDynamoDb(_Dispatcher())


class EmbeddedAws:
    """moto on `hosts`, all on one port. Its resources are in this process and end with it."""

    def __init__(self, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0) -> None:
        self._server = Server(hosts, port)

    @property
    def url(self) -> str:
        """http://host:port, for AWS_ENDPOINT_URL."""
        return self._server.url

    @property
    def port(self) -> int:
        """The port, which is the same on all hosts."""
        return self._server.port

    def start(self) -> None:
        """Starts to respond."""
        self._server.start(moto(), QuietMotoHandler)

    def stop(self) -> None:
        """Stops the server, and drops all resources, which moto keeps in the process."""
        moto_api_backend.reset()
        self._server.stop()


def region() -> str:
    """Returns the region of the sandbox: that of the environment, or the default."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def credentials(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns credentials that no real account accepts, or none if the environment has some for another endpoint."""
    if any(name.startswith(SERVICE_ENDPOINT) for name in environment) and "AWS_ACCESS_KEY_ID" in environment:
        return {}
    return {
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_SESSION_TOKEN": "sandbox",
    }
