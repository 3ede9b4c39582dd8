"""Turns a function's result, in payload format 2.0, into an HTTP response."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from .lambda_runner import FunctionError

# Headers of the connection, which API Gateway never takes from a function.
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"})


def message(status: int) -> Response:
    """Returns a response of API Gateway itself: {"message": the phrase of the status}."""
    phrase = "Request Entity Too Large" if status == 413 else HTTPStatus(status).phrase
    return Response(json.dumps({"message": phrase}), status, content_type="application/json")


def http_response(result: Any) -> Response:
    """Returns the response that API Gateway makes from a function's result.

    Raises:
        FunctionError: API Gateway would reject the result.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        # API Gateway makes any other result the body of a 200.
        text = result if isinstance(result, str) else json.dumps(result)
        return Response(text, 200, content_type="application/json")
    try:
        return _declared(result)
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise FunctionError("the result is not in payload format 2.0") from error


def _declared(result: dict[str, Any]) -> Response:
    response = Response(_body(result), int(result["statusCode"]))
    headers = {str(name).lower(): value for name, value in (result.get("headers") or {}).items()}
    response.headers["content-type"] = str(headers.pop("content-type", "text/plain;charset=UTF-8"))
    for name, value in headers.items():
        if name not in _OF_THE_CONNECTION:
            response.headers[name] = _header(value)
    for cookie in result.get("cookies") or ():
        response.headers.add("set-cookie", cookie)
    # Otherwise werkzeug makes a relative Location absolute.
    response.autocorrect_location_header = False
    return response


def _header(value: Any) -> str:
    """Returns the header's text. Numbers and booleans are allowed, and written as in JSON."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"a header cannot be a {type(value).__name__}")
    return value if isinstance(value, str) else json.dumps(value)


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"a body cannot be a {type(body).__name__}")
    return base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
