"""Parses and validates requests. All errors of a request are reported together."""

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
from bridge.domain.identity import Identity
from bridge.domain.links import DEFAULT_VALID_FOR
from bridge.domain.verification import LinkRequest

# The largest valid body has 20 metadata values of 500 characters and a long URL.
MAX_BODY_BYTES = 64 * 1024

# Parameters of application/json. A quoted value means the same, and an empty parameter is allowed (RFC 9110, 5.6.6).
_UTF_8 = frozenset({"charset=utf-8", 'charset="utf-8"', "charset=utf8", ""})


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


def create_request(event: APIGatewayProxyEventV2, allowed_origins: Set[str]) -> tuple[LinkRequest, str | None]:
    """The body of `POST /verifications`, and its Idempotency-Key if there is one.

    Raises UnsupportedMediaType, BodyTooLarge or InvalidRequest.
    """
    media_type, *parameters = (event.headers.get("content-type") or "").replace(" ", "").lower().split(";")
    if media_type != "application/json" or not _UTF_8.issuperset(parameters):
        raise UnsupportedMediaType()
    errors = []
    key = event.headers.get("idempotency-key")
    # Compiled at its first use: most functions import this module, and only this route needs it.
    if key is not None and not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
        errors.append(FieldError("header:Idempotency-Key", "must be 1 to 255 printable ASCII characters"))
    body = _json_object(_body(event), errors)
    if body is not None:
        from bridge.web.create_body import field_errors

        errors += field_errors(body, allowed_origins)
    if errors or body is None:
        raise InvalidRequest(errors)
    if "expected" in body:
        body["expected"] = Identity(**body["expected"])
    if body.pop("link", "now") == "on_open":
        body["valid_for"] = int(body.get("valid_for", DEFAULT_VALID_FOR))
    if body.get("locale") is not None:
        from bridge.web.page_texts import language_name

        body["locale"] = language_name(body["locale"])
    return LinkRequest(**body), key


def wants_result(event: APIGatewayProxyEventV2) -> bool:
    """Whether the query has `expand=result`. Raises InvalidRequest for another value."""
    expand = event.query_string_parameters.get("expand")
    if expand not in (None, "result"):
        raise InvalidRequest([FieldError("query:expand", "must be 'result'")])
    return expand is not None


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
