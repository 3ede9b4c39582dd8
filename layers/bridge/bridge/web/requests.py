"""Parses and validates requests. All errors of a request are reported together.

Patterns are compiled at their first use: most functions import this module, and few need one.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from bridge.domain.caller import Caller
from bridge.domain.errors import (
    BodyTooLarge,
    FieldError,
    InvalidRequest,
    MissingScope,
    PrefetchRefused,
    UnsupportedMediaType,
)
from bridge.domain.identity import Identity
from bridge.domain.links import DEFAULT_VALID_FOR
from bridge.domain.verification import LinkRequest, Position, Status, timestamp

if TYPE_CHECKING:
    from bridge.domain.listing import ListQuery

# The largest valid body has 20 metadata values of 500 characters and a long URL.
MAX_BODY_BYTES = 64 * 1024

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
_CREATED = {"status", "created_after", "created_before"}
_LIST_PARAMETERS = _CREATED | {"reference", "limit", "cursor"}

# Parameters of application/json. A quoted value means the same, and an empty parameter is allowed (RFC 9110, 5.6.6).
_UTF_8 = frozenset({"charset=utf-8", 'charset="utf-8"', "charset=utf8", ""})
# Of the times in a query. A list reads the days around them, and the calendar has an end.
_YEARS = range(2000, 2201)


def caller(event: APIGatewayProxyEventV2, scope: str) -> Caller:
    """The caller from the authorizer's context. Raises MissingScope if the caller lacks `scope`."""
    context = event.request_context.authorizer.get_lambda
    caller = Caller(str(context["principal"]), tuple(str(context["scopes"]).split()), str(context["key_id"]))
    if scope not in caller.scopes:
        raise MissingScope(scope)
    return caller


def base_url(event: APIGatewayProxyEventV2, public_base_url: str) -> str:
    """The base URL of this API, without a trailing slash."""
    return public_base_url or f"https://{event.request_context.domain_name}"


def reject_prefetch(event: APIGatewayProxyEventV2) -> None:
    """Raises PrefetchRefused if a browser sends the request before the person opens the URL.

    Browsers discard an error response to a prefetch, and send the request again when the person opens the URL.
    """
    for name in ("sec-purpose", "purpose", "x-moz"):
        if "prefetch" in (event.headers.get(name) or "").lower():
            raise PrefetchRefused()


def link_request(event: APIGatewayProxyEventV2, allowed_origins: Set[str]) -> tuple[LinkRequest, str | None]:
    """The body of `POST /verifications`, and its Idempotency-Key if there is one.

    Raises UnsupportedMediaType, BodyTooLarge or InvalidRequest.
    """
    media_type, *parameters = (event.headers.get("content-type") or "").replace(" ", "").lower().split(";")
    if media_type != "application/json" or not _UTF_8.issuperset(parameters):
        raise UnsupportedMediaType()
    errors = []
    key = event.headers.get("idempotency-key")
    if key is not None and not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
        errors.append(FieldError("header:Idempotency-Key", "must be 1 to 255 printable ASCII characters"))
    body = _json_object(_body(event), errors)
    if body is not None:
        from bridge.web.link_request import field_errors

        errors += field_errors(body, allowed_origins)
    if errors or body is None:
        raise InvalidRequest(errors)
    if "expected" in body:
        body["expected"] = Identity(**body["expected"])
    if body.pop("link", "now") == "on_open":
        body["valid_for"] = int(body.get("valid_for", DEFAULT_VALID_FOR))
    if body.get("locale") is not None:
        from bridge.web.page_texts import resolve

        body["locale"] = resolve(body["locale"])
    return LinkRequest(**body), key


def wants_result(event: APIGatewayProxyEventV2) -> bool:
    """Whether the query has `expand=result`. Raises InvalidRequest for another value."""
    expand = event.query_string_parameters.get("expand")
    if expand not in (None, "result"):
        raise InvalidRequest([FieldError("query:expand", "must be 'result'")])
    return expand is not None


def list_query(event: APIGatewayProxyEventV2) -> "ListQuery":
    """Raises InvalidRequest, with all errors."""
    query = dict(event.query_string_parameters)
    errors = [FieldError(f"query:{name}", "is unknown") for name in query.keys() - _LIST_PARAMETERS]
    reference, limit, after = query.get("reference"), query.get("limit"), None
    if reference is not None and not 1 <= len(reference) <= 128:
        errors.append(FieldError("query:reference", "must have 1 to 128 characters"))
    if reference is not None:
        errors += [FieldError(f"query:{name}", "cannot be combined with reference") for name in query.keys() & _CREATED]
    if limit is not None and not (re.fullmatch(r"[0-9]{1,3}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        errors.append(FieldError("query:limit", f"must be an integer from 1 to {MAX_LIMIT}"))
    status = query.get("status")
    if status is not None and status not in list(Status):
        errors.append(FieldError("query:status", f"must be one of {', '.join(Status)}"))
    start, end = _time(query, "created_after", errors), _time(query, "created_before", errors)
    if start and end and start >= end:
        errors.append(FieldError("query:created_before", "must be later than created_after"))
    if "cursor" in query and (after := _decode_cursor(query["cursor"], start, end)) is None:
        errors.append(FieldError("query:cursor", "must be the next_cursor of a page of the same list"))
    if errors:
        raise InvalidRequest(sorted(errors, key=lambda error: error.pointer))
    from bridge.domain.listing import ListQuery

    return ListQuery(reference, Status(status) if status else None, start, end, int(limit or DEFAULT_LIMIT), after)


def _time(query: Mapping[str, str], name: str, errors: list[FieldError]) -> datetime | None:
    if name not in query:
        return None
    try:
        time = datetime.fromisoformat(query[name]) if len(query[name]) <= 40 else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or time.year not in _YEARS:
        errors.append(FieldError(f"query:{name}", "must be a time with a zone, such as 2026-01-31T08:00:00Z"))
        return None
    return time


def encode_cursor(position: Position | None) -> str | None:
    """A position as an opaque string. It has no principal or reference, because each request contains both."""
    return position and base64.urlsafe_b64encode("|".join(position).encode()).decode()


def _decode_cursor(cursor: str, start: datetime | None, end: datetime | None) -> Position | None:
    """The position in a cursor; None if there is none, or it is not between `start` and `end`."""
    try:
        time, _, id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii").partition("|")
        is_in_range = datetime.fromisoformat(time).year in _YEARS
    except ValueError:
        return None
    is_in_span = (start is None or timestamp(start) <= time) and (end is None or time < timestamp(end))
    is_position = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z", time) and 1 <= len(id) <= 64
    return (time, id) if is_position and is_in_range and is_in_span else None


def _body(event: APIGatewayProxyEventV2) -> bytes:
    text = event.body or ""
    if len(text) > MAX_BODY_BYTES * 2:
        raise BodyTooLarge()
    try:
        # API Gateway passes JSON as a string. encode() fails for lone surrogates, which UTF-8 cannot represent.
        body = base64.b64decode(text, validate=True) if event.is_base64_encoded else text.encode()
    except (binascii.Error, ValueError):
        raise InvalidRequest([FieldError("#", "must be UTF-8")]) from None
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge()
    return body


def _json_object(body: bytes, errors: list[FieldError]) -> dict[str, Any] | None:
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        errors.append(FieldError("#", "must be a JSON object in UTF-8"))
        return None
    if not isinstance(value, dict):
        errors.append(FieldError("#", "must be a JSON object"))
        return None
    return value
