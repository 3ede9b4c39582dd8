"""The embedded AWS: moto's server on addresses of this machine, and the variables that make boto3 use it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from .serving import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT_REGION = "us-east-1"
# What moto calls its only account.
ACCOUNT_ID = "123456789012"
# With one service pointed elsewhere (AWS_ENDPOINT_URL_DYNAMODB, say), its own credentials are needed.
ELSEWHERE = "AWS_ENDPOINT_URL_"


class QuietMotoHandler(MotoRequestHandler):
    """moto's own handler, without a log line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


class OneWriteAtATime:
    """DynamoDB's conditional writes are atomic; moto's are a check and then a write, so they take turns."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._turn = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Responds to a WSGI request."""
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._app(environ, start_response)
        with self._turn:
            return self._app(environ, start_response)


class _Dispatcher(DomainDispatcherApplication):
    """moto's own, which lists the folders of moto at each request to know a host; here once for each host."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The name of the service; None where there is none."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


def moto() -> OneWriteAtATime:
    """moto's server, as a WSGI application."""
    return OneWriteAtATime(_Dispatcher())


class EmbeddedAws:
    """moto on `hosts`, all on one port; its resources are in this process and end with it."""

    def __init__(self, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0) -> None:
        self._server = Server(hosts, port)

    @property
    def url(self) -> str:
        """http://host:port, for AWS_ENDPOINT_URL."""
        return self._server.url

    @property
    def port(self) -> int:
        """The same on all hosts."""
        return self._server.port

    def start(self) -> None:
        """Responds from now on."""
        self._server.start(moto(), QuietMotoHandler)

    def stop(self) -> None:
        """Refuses connections from now on, and drops all resources, which moto keeps in the process."""
        moto_api_backend.reset()
        self._server.stop()


def region() -> str:
    """The region in which all of it is: the environment's own, if it has one."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def credentials(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that no real account would accept; none where a service is pointed elsewhere on purpose."""
    if any(name.startswith(ELSEWHERE) for name in environment) and "AWS_ACCESS_KEY_ID" in environment:
        return {}
    return {
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_SESSION_TOKEN": "sandbox",
    }
