"""The events that AWS services send to functions, for the sandbox and the simulation."""

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from .aws import ACCOUNT_ID, region
from .triggers import Route, Schedule

Event = dict[str, Any]

# Besides text/*, API Gateway passes on bodies of these types as text, and every other body as base64.
_TEXT = ("application/json", "application/xml", "application/javascript")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to API Gateway: `path` is decoded, `raw_path` and `query` are not, `now` is in epoch seconds."""

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
    """A route, and the URL-decoded values of its path parameters."""

    route: Route
    parameters: dict[str, str]


def find_route(routes: tuple[Route, ...], method: str, raw_path: str) -> Match | None:
    """Returns the most specific route of a URL-encoded path. A parameter matches one segment that is not empty."""
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
    """Returns API Gateway's event in payload format 2.0. As on AWS, members without a value are absent."""
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
    """Returns the authorizer's event of the same request, which has no body."""
    seen = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return seen | {"type": "REQUEST", "routeArn": route_arn, "identitySource": identity}


def _joined(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    """Returns values by name. Several values of one name are joined with commas."""
    joined: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower() if lower else given
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _text(headers: Mapping[str, str], body: bytes) -> str | None:
    """Returns the body as text, or None if API Gateway passes it on as base64."""
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
        # Unlike on AWS, this includes the port, because links to this machine need it.
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
    """Returns the event of a batch. `queue` is the queue's name, `messages` are as ReceiveMessage returns them."""
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


def queue_message(
    body: str, *, id: str = "message-1", receipt: str = "handle", attempt: int = 1, sent_at: float = 0.0
) -> dict[str, Any]:
    """Returns a message as ReceiveMessage returns it at the `attempt`th time, sent at `sent_at` in epoch seconds."""
    attributes = {"ApproximateReceiveCount": str(attempt), "SentTimestamp": str(int(sent_at * 1000))}
    return {"MessageId": id, "ReceiptHandle": receipt, "Body": body, "Attributes": attributes}


def stream_record(stream_arn: str, record: Mapping[str, Any]) -> Event:
    """Returns a stream record as Lambda passes it on. `record` is as GetRecords returns it."""
    change = record["dynamodb"]
    created = change["ApproximateCreationDateTime"].timestamp()
    return {
        **record,
        "eventSourceARN": stream_arn,
        "dynamodb": {**change, "ApproximateCreationDateTime": created},
    }


def scheduled_event(schedule: Schedule, id: str, now: float) -> Event:
    """Returns the event of a scheduled EventBridge rule at `now`, in epoch seconds."""
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
