"""Bodies and their headers are parsed once, at the edge."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from bridge.domain.errors import BodyTooLarge, UnsupportedMediaType
from bridge.domain.verification import LinkRequest
from bridge.web import requests
from bridge.web.requests import MAX_BODY_BYTES
from tests.unit.builders import pointers

ALLOWED = frozenset({"https://app.example.com"})
GOOD: dict[str, Any] = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "https://app.example.com/done",
}
JSON = {"content-type": "application/json"}


def event(**parts: Any) -> APIGatewayProxyEventV2:
    return APIGatewayProxyEventV2({"headers": dict(JSON), "isBase64Encoded": False, **parts})


def posted(body: str | bytes | None, headers: dict[str, str] | None = None) -> tuple[LinkRequest, str | None]:
    """A body as API Gateway hands it over: bytes in base64, a text as it is."""
    encoded = b64encode(body).decode() if isinstance(body, bytes) else body
    parts = {"body": encoded, "isBase64Encoded": isinstance(body, bytes), "headers": {**JSON, **(headers or {})}}
    return requests.link_request(event(**parts), ALLOWED)


@pytest.mark.parametrize("body", [json.dumps(GOOD), json.dumps(GOOD).encode(), f" \n{json.dumps(GOOD)}\t"])
def test_a_good_body_becomes_a_link_request(body: str | bytes) -> None:
    assert posted(body) == (LinkRequest(**GOOD), None)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=utf8",
        "application/json;",
        "application/json; charset=utf-8;",
    ],
)
def test_json_is_taken_however_it_is_spelled(content_type: str) -> None:
    assert posted(json.dumps(GOOD), {"content-type": content_type})[0].type == "00"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/json, application/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; boundary=a",
        '"application/json"',
        "application/problem+json",
        "application/jsonp",
        "text/plain; application/json",
    ],
)
def test_another_media_type_is_refused_before_the_body_is_read(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        posted("{", {"content-type": content_type})


def test_a_request_without_a_media_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        requests.link_request(event(headers={}, body=json.dumps(GOOD)), ALLOWED)


def test_names_of_headers_may_keep_their_case() -> None:
    headers = {"Content-Type": "application/json", "IDEMPOTENCY-Key": "k"}
    assert requests.link_request(event(headers=headers, body=json.dumps(GOOD)), ALLOWED) == (LinkRequest(**GOOD), "k")


@pytest.mark.parametrize("key", ["k", "k" * 255, " ", "~!@ #", '"quoted"'])
def test_a_printable_idempotency_key_is_taken(key: str) -> None:
    assert posted(json.dumps(GOOD), {"idempotency-key": key})[1] == key


@pytest.mark.parametrize("key", ["", "k" * 256, "clé", "a\tb", "a\n", "\x7f", "ｋ"])
def test_another_idempotency_key_is_a_fault(key: str) -> None:
    assert pointers(lambda: posted(json.dumps(GOOD), {"idempotency-key": key})) == ["header:Idempotency-Key"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "7",
        "NaN",
        "{'type': '00'}",
        "{}{}",
        "\ufeff{}",
        b"\xff\xfe",
        b'{"reference": "\xe9"}',
        json.dumps(GOOD).encode("utf-16"),
        "\ud800",
        '{"reference": ' + "9" * 5000 + "}",
        '{"metadata": ' + "[" * 30_000 + "]" * 30_000 + "}",
    ],
)
def test_what_is_no_json_object_in_utf_8_is_a_fault_of_the_whole(body: str | bytes | None) -> None:
    assert pointers(lambda: posted(body)) == ["#"]


@pytest.mark.parametrize("text", ["{}", "e30", "e30=!", "é", "e3 0="])
def test_base64_that_is_none_is_a_fault_of_the_whole(text: str) -> None:
    assert pointers(lambda: requests.link_request(event(body=text, isBase64Encoded=True), ALLOWED)) == ["#"]


def test_faults_of_header_and_body_come_together() -> None:
    assert pointers(lambda: posted("[]", {"idempotency-key": ""})) == ["header:Idempotency-Key", "#"]
    body = json.dumps({**GOOD, "type": "02", "unknown": 1})
    assert pointers(lambda: posted(body, {"idempotency-key": ""})) == ["header:Idempotency-Key", "#/type", "#/unknown"]


def test_of_a_field_that_is_given_twice_the_one_that_counts_is_the_one_that_is_checked() -> None:
    twice = json.dumps(GOOD)[:-1] + ', "redirect_url": "https://evil.example/"}'
    assert pointers(lambda: posted(twice)) == ["#/redirect_url"]


@pytest.mark.parametrize("encode", [str, lambda text: text.encode()], ids=["text", "base64"])
def test_a_body_may_be_just_so_large(encode: Callable[[str], str | bytes]) -> None:
    body = json.dumps(GOOD)
    assert posted(encode(body + " " * (MAX_BODY_BYTES - len(body))))[0] == LinkRequest(**GOOD)
    for size in (MAX_BODY_BYTES + 1, MAX_BODY_BYTES * 2, MAX_BODY_BYTES * 100):
        with pytest.raises(BodyTooLarge):
            posted(encode(body + " " * (size - len(body))))


def test_a_body_is_measured_in_bytes() -> None:
    with pytest.raises(BodyTooLarge):
        posted(json.dumps({**GOOD, "x": "✓" * (MAX_BODY_BYTES // 2)}, ensure_ascii=False))
