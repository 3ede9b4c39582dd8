"""Bad input gets a 4xx that lists every error, before AWS or the vendor is called.

Single errors: tests/unit/test_create_body.py and test_bodies.py, tests/contract/test_request_bodies.py.
"""

import json
from typing import Any

import pytest

from tests.integration.functions import CREATE_BODY
from tests.integration.harness import World

LARGE = json.dumps(CREATE_BODY).ljust(64 * 1024 + 1)
READER = ["verifications:read", "verifications:read_result", "verifications:redact"]

# The body, other arguments of the call, and the status, code and pointers of the response.
BAD: dict[str, tuple[Any, dict[str, Any], int, str, list[str]]] = {
    "a wrong value": (CREATE_BODY | {"type": "02"}, {}, 400, "invalid_request", ["#/type"]),
    "a hostile redirect_url": (
        CREATE_BODY | {"redirect_url": "http://localhost:5173@evil.example/"}, {}, 400, "invalid_request",
        ["#/redirect_url"],
    ),
    "a locale that is no tag": (CREATE_BODY | {"locale": "zh_CN"}, {}, 400, "invalid_request", ["#/locale"]),
    "an unknown field": (CREATE_BODY | {"principal": "x"}, {}, 400, "invalid_request", ["#/principal"]),
    "a bad entry of metadata": (CREATE_BODY | {"metadata": {"a": 1}}, {}, 400, "invalid_request", ["#/metadata/a"]),
    "text that UTF-8 cannot hold": (CREATE_BODY | {"reference": "\ud800"}, {}, 400, "invalid_request", ["#/reference"]),
    "faults in header and body": (
        {"type": "7", "id_country": "XXX", "redirect_url": "https://evil.example", "reference": 1, "colour": "blue"},
        {"headers": {"Idempotency-Key": "ü"}}, 400, "invalid_request",
        ["header:Idempotency-Key", "#/id_type", "#/type", "#/id_country", "#/redirect_url", "#/reference", "#/colour"],
    ),
    "no body": (None, {}, 400, "invalid_request", ["#"]),
    "a cut body": ('{"type": "00"', {}, 400, "invalid_request", ["#"]),
    "a deep body": ("[" * 60_000, {}, 400, "invalid_request", ["#"]),
    "a body in UTF-16": (json.dumps(CREATE_BODY).encode("utf-16"), {}, 400, "invalid_request", ["#"]),
    "a body that is no base64": ("%%%", {"base64": True}, 400, "invalid_request", ["#"]),
    "a large body": (LARGE, {}, 413, "body_too_large", []),
    "a large body in base64": (LARGE.encode(), {}, 413, "body_too_large", []),
    "another content type": (
        CREATE_BODY, {"headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type", [],
    ),
    "no scope, and a cut body": ("{", {"scopes": READER}, 403, "missing_scope", []),
}  # fmt: skip


@pytest.mark.parametrize(("body", "more", "status", "code", "pointers"), BAD.values(), ids=BAD)
def test_bad_input_lists_its_errors_and_nothing_is_called(
    world: World, body: Any, more: dict[str, Any], status: int, code: str, pointers: list[str]
) -> None:
    response = world.functions.api("POST", "/verifications", body, **more)

    assert (response.status, response.json["code"]) == (status, code)
    assert [fault["pointer"] for fault in response.json.get("errors", [])] == pointers
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json.keys() - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert (world.aws.calls, world.vendor.calls()["create"]) == ([], 0)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (CREATE_BODY | {"reference": "r" * 128, "metadata": {f"{i:040}": "ü" * 500 for i in range(20)}}, {}),
        (json.dumps(CREATE_BODY).encode(), {"content-type": "application/json; charset=UTF-8"}),
        (CREATE_BODY, {"Idempotency-Key": " ~" + "k" * 253}),
    ],
    ids=["longest fields", "base64", "longest key"],
)
def test_the_largest_valid_input_is_created(world: World, body: Any, headers: dict[str, str]) -> None:
    assert world.functions.api("POST", "/verifications", body, headers=headers).status == 201
