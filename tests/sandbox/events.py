"""From an HTTP request to API Gateway's event, payload format 2.0."""

import base64
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request

from .aws import ACCOUNT_ID
from .wiring import Route

Event = dict[str, Any]

# What API Gateway hands on as text; every other body is base64.
_TEXT = ("application/json", "application/xml", "application/javascript")


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the values of its path parameters, URL-decoded."""

    route: Route
    parameters: dict[str, str]


def find_route(routes: tuple[Route, ...], method: str, raw_path: str) -> Match | None:
    """The most specific route of a path that is still URL-encoded; a parameter is one segment, not empty."""
    found: list[tuple[list[bool], bool, Match]] = []
    for route in routes:
        parameters = _fit(route.path, raw_path)
        if parameters is not None and route.method in (method, "ANY"):
            variable = [segment.startswith("{") for segment in route.path.split("/")]
            found.append((variable, route.method == "ANY", Match(route, parameters)))
    return min(found, key=lambda item: item[:2])[2] if found else None


def _fit(pattern: str, raw_path: str) -> dict[str, str] | None:
    wanted, given = pattern.split("/"), raw_path.split("/")
    if len(wanted) != len(given):
        return None
    parameters: dict[str, str] = {}
    for want, raw in zip(wanted, given, strict=True):
        value = unquote(raw)
        if want.startswith("{") and want.endswith("}") and value:
            parameters[want[1:-1]] = value
        elif want != value:
            return None
    return parameters


def request_event(request: Request, match: Match, body: bytes) -> Event:
    """The event for the function behind a route; members without a value are absent, as on AWS."""
    is_text = _is_text(request, body)
    event: Event = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": _headers(request),
        "requestContext": _context(request, match.route.key),
        "isBase64Encoded": bool(body) and not is_text,
    }
    if cookies := request.headers.get("cookie"):
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query := _query(request):
        event["queryStringParameters"] = query
    if match.parameters:
        event["pathParameters"] = match.parameters
    if body:
        event["body"] = body.decode() if is_text else base64.b64encode(body).decode()
    return event


def authorizer_event(event: Event, route_arn: str, identity: list[str]) -> Event:
    """The same request as the authorizer sees it: without its body."""
    seen = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return seen | {"type": "REQUEST", "routeArn": route_arn, "identitySource": identity}


def _headers(request: Request) -> dict[str, str]:
    """Names in lower case, values of the same name joined; API Gateway hands cookies on apart."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        if key != "cookie":
            joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _query(request: Request) -> dict[str, str]:
    return {name: ",".join(values) for name, values in request.args.lists()}


def _is_text(request: Request, body: bytes) -> bool:
    kind = request.mimetype
    if request.headers.get("content-encoding") or not (kind.startswith("text/") or kind in _TEXT):
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _context(request: Request, route_key: str) -> Event:
    now = time.time()
    return {
        "accountId": ACCOUNT_ID,
        "apiId": "sandbox",
        # With the port, unlike on AWS: it is what links of this machine need.
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr or "127.0.0.1",
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:15] + "=",
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": round(now * 1000),
    }
