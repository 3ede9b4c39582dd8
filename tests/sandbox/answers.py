"""From a function's answer, payload format 2.0, to the HTTP response."""

import base64
import binascii
import json
from typing import Any

from werkzeug.wrappers import Response

from .functions import FunctionError

# Headers that API Gateway never takes from a function, for they belong to the connection.
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"})


def message(status: int, text: str) -> Response:
    """An answer of API Gateway's own: {"message": text}."""
    return Response(json.dumps({"message": text}), status, content_type="application/json")


def http_response(answer: Any) -> Response:
    """The response that API Gateway makes of what a function answered.

    Raises:
        FunctionError: the answer has a form that API Gateway refuses.
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        # What is no response becomes the body of one.
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(text, 200, content_type="application/json")
    try:
        return _declared(answer)
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise FunctionError("the answer has no form of payload 2.0") from error


def _declared(answer: dict[str, Any]) -> Response:
    response = Response(_body(answer), int(answer["statusCode"]))
    headers = {str(name).lower(): value for name, value in (answer.get("headers") or {}).items()}
    response.headers["content-type"] = str(headers.pop("content-type", "text/plain;charset=UTF-8"))
    for name, value in headers.items():
        if name not in _OF_THE_CONNECTION:
            response.headers[name] = _plain(value)
    for cookie in answer.get("cookies") or ():
        response.headers.add("set-cookie", cookie)
    # Otherwise werkzeug makes an absolute address of a relative one.
    response.autocorrect_location_header = False
    return response


def _plain(value: Any) -> str:
    """Numbers and booleans are taken, too; they look as in JSON."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"a header cannot be a {type(value).__name__}")
    return value if isinstance(value, str) else json.dumps(value)


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"a body cannot be a {type(body).__name__}")
    return base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
