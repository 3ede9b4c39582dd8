"""The events that AWS's services make for functions, for the sandbox and the simulation."""

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from .aws import ACCOUNT_ID, region
from .triggers import Route, Schedule

Event = dict[str, Any]

# Bodies that API Gateway passes on as text; every other body is base64.
_TEXT = ("application/json", "application/xml", "application/javascript")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as API Gateway gets it: `path` decoded, `raw_path` and `query` as they came, `now` in epoch seconds."""

    method: str
    path: str
    raw_path: str
    query: str
    headers: Iterable[tuple[str, str]]
    body: bytes
    host: str
    id: str
    now: float
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the values of its path parameters, URL-decoded."""

    route: Route
    parameters: dict[str, str]


def find_route(routes: tuple[Route, ...], method: str, raw_path: str) -> Match | None:
    """The most specific route of a path that is still URL-encoded; a parameter is one segment, not empty."""
    found: list[tuple[list[bool], bool, Match]] = []
    for route in routes:
        parameters = _path_parameters(route.path, raw_path)
        if parameters is not None and route.method in (method, "ANY"):
            variable = [segment.startswith("{") for segment in route.path.split("/")]
            found.append((variable, route.method == "ANY", Match(route, parameters)))
    return min(found, key=lambda item: item[:2])[2] if found else None


def _path_parameters(pattern: str, raw_path: str) -> dict[str, str] | None:
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


def http_event(request: HttpRequest, match: Match) -> Event:
    """API Gateway's event, payload format 2.0; members without a value are absent, as on AWS."""
    headers = _joined(request.headers)
    cookies = headers.pop("cookie", None)
    text = _text(headers, request.body)
    event: Event = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, match.route.key, headers.get("user-agent", "")),
        "isBase64Encoded": bool(request.body) and text is None,
    }
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query := _joined(parse_qsl(request.query, keep_blank_values=True), lower=False):
        event["queryStringParameters"] = query
    if match.parameters:
        event["pathParameters"] = match.parameters
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    return event


def authorizer_event(event: Event, route_arn: str, identity: list[str]) -> Event:
    """The same request as the authorizer sees it: without its body."""
    seen = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return seen | {"type": "REQUEST", "routeArn": route_arn, "identitySource": identity}


def _joined(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    """Values of the same name joined by commas."""
    joined: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower() if lower else given
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _text(headers: Mapping[str, str], body: bytes) -> str | None:
    """The body as text; None where API Gateway passes it on as base64."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if headers.get("content-encoding") or not (kind.startswith("text/") or kind in _TEXT):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _context(request: HttpRequest, route_key: str, user_agent: str) -> Event:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": "sandbox",
        # With the port, unlike on AWS: links of this machine need it.
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": user_agent,
        },
        "requestId": request.id,
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.now)),
        "timeEpoch": round(request.now * 1000),
    }


def queue_event(queue: str, messages: Iterable[Mapping[str, Any]]) -> Event:
    """The event of a batch. `queue` is the queue's name; `messages` are as ReceiveMessage returns them."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": message.get("MessageAttributes", {}),
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{region()}:{ACCOUNT_ID}:{queue}",
                "awsRegion": region(),
            }
            for message in messages
        ]
    }


def stream_record(stream_arn: str, record: Mapping[str, Any]) -> Event:
    """A record of a table's stream as Lambda passes it on; `record` is as GetRecords returns it."""
    change = record["dynamodb"]
    created = change["ApproximateCreationDateTime"].timestamp()
    return {
        **record,
        "eventSourceARN": stream_arn,
        "dynamodb": {**change, "ApproximateCreationDateTime": created},
    }


def scheduled_event(schedule: Schedule, id: str, now: float) -> Event:
    """The event of a rule of EventBridge at `now`, in epoch seconds."""
    return {
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "region": region(),
        "resources": [f"arn:aws:events:{region()}:{ACCOUNT_ID}:rule/{schedule.name}"],
        "detail": {},
    }
