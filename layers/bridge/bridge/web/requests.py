"""Parses requests, once, at the edge: all errors are found before any is told, and inside nothing is checked again."""

import base64
import binascii
import json
import re
from collections.abc import Set
from typing import Any

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
from bridge.domain.verification import LinkRequest, Position
from bridge.web.link_request import field_errors

# Bytes. The largest honest body has 20 metadata values of 500 characters and a long URL.
LARGEST_BODY = 64 * 1024

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100

_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_POSITION_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z")


def caller(event: APIGatewayProxyEventV2, scope: str) -> Caller:
    """The caller, as the authorizer said it; MissingScope if they may not do this."""
    known = event.request_context.authorizer.get_lambda
    caller = Caller(str(known["principal"]), tuple(str(known["scopes"]).split()), str(known["key_id"]))
    if scope not in caller.scopes:
        raise MissingScope(scope)
    return caller


def base_url(event: APIGatewayProxyEventV2, public_base_url: str) -> str:
    """This API's own URL, without a slash at its end."""
    return public_base_url or f"https://{event.request_context.domain_name}"


def refuse_prefetch(event: APIGatewayProxyEventV2) -> None:
    """Raises PrefetchRefused for a request that a browser sends before anybody opens the address.

    Browsers do not use a response that is no success, and send the request again when the person goes there.
    """
    for name in ("sec-purpose", "purpose", "x-moz"):
        if "prefetch" in (event.headers.get(name) or "").lower():
            raise PrefetchRefused()


def link_request(event: APIGatewayProxyEventV2, allowed_origins: Set[str]) -> tuple[LinkRequest, str | None]:
    """The body of `POST /verifications` and its Idempotency-Key."""
    content_type = (event.headers.get("content-type") or "").replace(" ", "").lower()
    if content_type not in ("application/json", "application/json;charset=utf-8"):
        raise UnsupportedMediaType()
    errors = []
    key = event.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        errors.append(FieldError("header:Idempotency-Key", "must be 1 to 255 printable ASCII characters"))
    body = _object_in(_body(event), errors)
    if body is not None:
        errors += field_errors(body, allowed_origins)
    if errors or body is None:
        raise InvalidRequest(errors)
    return LinkRequest(**body), key


def wants_result(event: APIGatewayProxyEventV2) -> bool:
    expand = event.query_string_parameters.get("expand")
    if expand not in (None, "result"):
        raise InvalidRequest([FieldError("query:expand", "must be result")])
    return expand is not None


def search(event: APIGatewayProxyEventV2) -> tuple[str, int, Position | None]:
    """The reference, limit and cursor of `GET /verifications`."""
    query = event.query_string_parameters
    errors = [
        FieldError(f"query:{name}", "is not known") for name in query if name not in ("reference", "limit", "cursor")
    ]
    reference, limit, after = query.get("reference", ""), query.get("limit"), None
    if not 1 <= len(reference) <= 128:
        errors.append(FieldError("query:reference", "must be given, with 1 to 128 characters"))
    if limit is not None and not (re.fullmatch(r"[0-9]{1,3}", limit) and 1 <= int(limit) <= LARGEST_LIMIT):
        errors.append(FieldError("query:limit", f"must be a whole number from 1 to {LARGEST_LIMIT}"))
    if "cursor" in query and (after := _position(query["cursor"])) is None:
        errors.append(FieldError("query:cursor", "must be a next_cursor of this list"))
    if errors:
        raise InvalidRequest(errors)
    return reference, int(limit or DEFAULT_LIMIT), after


def cursor(position: Position | None) -> str | None:
    """A position as callers carry it. It names no principal and no reference: both come with the request."""
    return position and base64.urlsafe_b64encode("|".join(position).encode()).decode()


def _position(cursor: str) -> Position | None:
    try:
        created_at, _, id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii").partition("|")
    except ValueError:
        return None
    return (created_at, id) if _POSITION_TIME.fullmatch(created_at) and 1 <= len(id) <= 64 else None


def _body(event: APIGatewayProxyEventV2) -> bytes:
    text = event.body or ""
    if len(text) > LARGEST_BODY * 2:
        raise BodyTooLarge()
    try:
        # API Gateway hands JSON over as text; a lone surrogate cannot come from UTF-8.
        body = base64.b64decode(text, validate=True) if event.is_base64_encoded else text.encode()
    except (binascii.Error, ValueError):
        raise InvalidRequest([FieldError("#", "must be UTF-8, and in base64 where it says so")]) from None
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge()
    return body


def _object_in(body: bytes, errors: list[FieldError]) -> dict[str, Any] | None:
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        errors.append(FieldError("#", "must be a JSON object in UTF-8"))
        return None
    if not isinstance(value, dict):
        errors.append(FieldError("#", "must be a JSON object"))
        return None
    return value
