"""How the body and headers of POST /verifications are parsed."""

import json
from base64 import b64encode
from collections.abc import Callable

import pytest

from bridge.domain.errors import BodyTooLarge, UnsupportedMediaType
from bridge.domain.verification import LinkRequest
from bridge.web import requests
from bridge.web.requests import MAX_BODY_BYTES
from tests.unit.builders import event, link_request_body, pointers

ALLOWED = frozenset({"https://app.example.com"})
VALID = link_request_body()
JSON = {"content-type": "application/json"}


def parsed(body: str | bytes | None, headers: dict[str, str] | None = None) -> tuple[LinkRequest, str | None]:
    """Parses a body as API Gateway passes it: bytes in base64, a string unchanged."""
    encoded = b64encode(body).decode() if isinstance(body, bytes) else body
    parts = {"body": encoded, "isBase64Encoded": isinstance(body, bytes), "headers": {**JSON, **(headers or {})}}
    return requests.create_request(event(**parts), ALLOWED)


@pytest.mark.parametrize("body", [json.dumps(VALID), json.dumps(VALID).encode(), f" \n{json.dumps(VALID)}\t"])
def test_a_valid_body_becomes_a_link_request(body: str | bytes) -> None:
    assert parsed(body) == (LinkRequest(**VALID), None)


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
def test_spellings_of_the_json_media_type_are_accepted(content_type: str) -> None:
    assert parsed(json.dumps(VALID), {"content-type": content_type})[0].type == "00"


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
        parsed("{", {"content-type": content_type})


def test_a_request_without_a_media_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        requests.create_request(event(headers={}, body=json.dumps(VALID)), ALLOWED)


def test_header_names_are_case_insensitive() -> None:
    headers = {"Content-Type": "application/json", "IDEMPOTENCY-Key": "k"}
    called = event(headers=headers, body=json.dumps(VALID))
    assert requests.create_request(called, ALLOWED) == (LinkRequest(**VALID), "k")


@pytest.mark.parametrize("key", ["k", "k" * 255, " ", "~!@ #", '"quoted"'])
def test_a_printable_idempotency_key_is_accepted(key: str) -> None:
    assert parsed(json.dumps(VALID), {"idempotency-key": key})[1] == key


@pytest.mark.parametrize("key", ["", "k" * 256, "clé", "a\tb", "a\n", "\x7f", "ｋ"])
def test_any_other_idempotency_key_is_refused(key: str) -> None:
    assert pointers(lambda: parsed(json.dumps(VALID), {"idempotency-key": key})) == ["header:Idempotency-Key"]


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
        json.dumps(VALID).encode("utf-16"),
        "\ud800",
        '{"reference": ' + "9" * 5000 + "}",
        '{"metadata": ' + "[" * 30_000 + "]" * 30_000 + "}",
    ],
)
def test_a_body_that_is_no_json_object_in_utf_8_is_an_error_of_the_whole_body(body: str | bytes | None) -> None:
    assert pointers(lambda: parsed(body)) == ["#"]


@pytest.mark.parametrize("text", ["{}", "e30", "e30=!", "é", "e3 0="])
def test_malformed_base64_is_an_error_of_the_whole_body(text: str) -> None:
    malformed = event(headers=JSON, body=text, isBase64Encoded=True)
    assert pointers(lambda: requests.create_request(malformed, ALLOWED)) == ["#"]


def test_errors_of_header_and_body_are_reported_together() -> None:
    assert pointers(lambda: parsed("[]", {"idempotency-key": ""})) == ["header:Idempotency-Key", "#"]
    body = json.dumps({**VALID, "type": "02", "unknown": 1})
    assert pointers(lambda: parsed(body, {"idempotency-key": ""})) == ["header:Idempotency-Key", "#/type", "#/unknown"]


def test_the_last_of_two_fields_with_one_name_is_checked() -> None:
    twice = json.dumps(VALID)[:-1] + ', "redirect_url": "https://evil.example/"}'
    assert pointers(lambda: parsed(twice)) == ["#/redirect_url"]


@pytest.mark.parametrize("encode", [str, lambda text: text.encode()], ids=["text", "base64"])
def test_a_body_of_the_maximum_size_is_accepted_and_a_larger_one_refused(encode: Callable[[str], str | bytes]) -> None:
    body = json.dumps(VALID)
    assert parsed(encode(body + " " * (MAX_BODY_BYTES - len(body))))[0] == LinkRequest(**VALID)
    for size in (MAX_BODY_BYTES + 1, MAX_BODY_BYTES * 2, MAX_BODY_BYTES * 100):
        with pytest.raises(BodyTooLarge):
            parsed(encode(body + " " * (size - len(body))))


def test_the_size_of_a_body_is_measured_in_bytes() -> None:
    with pytest.raises(BodyTooLarge):
        parsed(json.dumps({**VALID, "x": "✓" * (MAX_BODY_BYTES // 2)}, ensure_ascii=False))
