"""Responses in the format of the vendor's API. The bodies of errors are a guess, because none is documented."""

import json
from typing import Any

from flask import Response

TOO_MANY_REQUESTS = "Too many requests, please try again later."

ERRORS: dict[int, str] = {
    401: "authentication error",
    403: "forbidden",
    404: "verification not found",
    422: "validation error",
    500: "internal server error",
    503: "service unavailable",
}


def envelope(result: object, status: int = 200) -> bytes:
    """Returns the body of a success: {"status": …, "result": …}."""
    return json.dumps({"status": status, "result": result}).encode()


def json_response(body: bytes, status: int = 200) -> Response:
    """Returns a response with a body that is JSON already."""
    return Response(body, status, content_type="application/json; charset=utf-8")


def error(status: int, **more: Any) -> Response:
    """Returns a JSON error: {"status": …, "message": …} and the members in `more`."""
    body = {"status": status, "message": ERRORS.get(status, "error"), **more}
    return json_response(json.dumps(body).encode(), status)


def too_many_requests(retry_after: int | None = None) -> Response:
    """Returns a 429 in plain text, with Retry-After in seconds if given."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(TOO_MANY_REQUESTS, 429, headers, content_type="text/plain; charset=utf-8")
