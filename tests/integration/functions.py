"""Calls the functions behind the API with the events that API Gateway makes."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bridge.domain.caller import READ_ALL, SCOPES
from tests.sandbox import events
from tests.sandbox.events import Event, HttpRequest, Match
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.triggers import Route

PRINCIPAL = "web"
# All that a caller may do with its own verifications.
OWN_SCOPES = tuple(scope for scope in SCOPES if scope != READ_ALL)
REDIRECT_URL = "http://localhost:5173/welcome?tab=1#top"
# The body of `POST /verifications`, and a header with an idempotency key.
CREATE_BODY: dict[str, Any] = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": REDIRECT_URL}
KEY_HEADER = {"Idempotency-Key": "order-17"}


@dataclass(frozen=True, slots=True)
class Response:
    """The response of a function, with header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def redirect_status(self) -> str:
        """The status that a redirect to the frontend reports."""
        assert self.status == 303
        (status,) = parse_qs(urlsplit(self.headers["location"]).query)["status"]
        return status


class ApiFunctions:
    """The functions behind the API, called with the events that API Gateway makes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        principal: str = PRINCIPAL,
        scopes: Sequence[str] = OWN_SCOPES,
        query: Mapping[str, str] | None = None,
        base64: bool = False,
    ) -> Response:
        """Calls an authorized route. `body` is bytes (sent in base64), text, or any other value (sent as JSON).

        With `base64` the event marks text as base64, too.
        """
        event = http_event(method, path, query, {"content-type": "application/json"} | dict(headers or {}))
        event["requestContext"]["authorizer"] = {
            "lambda": {"principal": principal, "scopes": " ".join(scopes), "key_id": "abcd"}
        }
        if isinstance(body, bytes):
            event |= {"body": b64encode(body).decode(), "isBase64Encoded": True}
        elif body is not None:
            event |= {"body": body if isinstance(body, str) else json.dumps(body), "isBase64Encoded": base64}
        return self._call("VerificationsFunction", event)

    def create_with_key(self) -> Response:
        return self.api("POST", "/verifications", CREATE_BODY | {"reference": "r"}, headers=KEY_HEADER)

    def browser(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
    ) -> Response:
        """Calls a public route, as a person's browser does."""
        return self._call("RedirectFunction", http_event(method, path, query, headers))

    def _call(self, function: str, event: Event) -> Response:
        response = self._sandbox.invoke(function, event)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Response(response["statusCode"], headers, response["body"])


def http_event(
    method: str, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Event:
    """Returns API Gateway's event of a request without a body."""
    encoded, given = urlencode(query or {}), (headers or {}).items()
    request = HttpRequest(method, path, path, encoded, given, b"", "api.example.com", "request-1", now=0)
    return events.http_event(request, Match(Route(method, path, ""), {}))
