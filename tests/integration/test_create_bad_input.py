"""What bad input gets: a 4xx that names every fault, nothing written, and no vendor call."""

import json
from typing import Any

import pytest

from tests.integration.harness import WANTED, Answer, Aws, Functions
from tests.sandbox.sandbox import Sandbox

LONG_URL = "http://localhost:5173/" + "a" * 2048

BAD_VALUES: dict[str, list[Any]] = {
    "type": [None, 0, "02", "0", ["00"], {"00": "01"}, True],
    "id_country": [None, 458, "MY", "mys", "XXX", "EUR", ["MYS"]],
    "id_type": ["VISA", "id_card", 1, None],
    "redirect_url": [
        None,
        42,
        "",
        "/welcome",
        "//localhost:5173/",
        "localhost:5173",
        "ftp://localhost/",
        "javascript:alert(1)",
        "https://evil.example/",
        "http://evil.example/",
        "https://localhost:5173/",
        "http://localhost.evil.example/",
        "http://localhost:5173@evil.example/",
        "http://user@localhost:5173/",
        "http://user:password@localhost:5173/",
        "http://localhost:5173\\@evil.example/",
        "http://localhost:5173/\r\nSet-Cookie: a=b",
        " http://localhost:5173/",
        "http://localhost:5173/ ",
        "http://localhost:5173/\n",
        "http://[::1]:5173/",
        "http://localhost:port/",
        "http://localhost:5173/ü",
        "http://localhost:5173/%zz",
        "http://localhóst:5173/",
        LONG_URL,
        "http://localhost:5173/?status=verified",
        "http://localhost:5173/?x&verification_id#top",
        "http://localhost:5173/?%73tatus=",
    ],
    "reference": [
        "",
        "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",
        42,
        ["r"],
        "\ud800",
    ],
    "metadata": [None, "a=b", ["a"], {f"k{i}": "v" for i in range(21)}],
}


@pytest.fixture
def refused(sandbox: Sandbox, aws: Aws) -> Any:
    """A check that an answer refused, and that nothing happened: neither AWS nor the vendor was called."""

    def check(answer: Answer, status: int, code: str) -> list[str]:
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json.keys() - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
        assert aws.calls == []
        assert sandbox.vendor.calls()["create"] == 0
        return [fault["pointer"] for fault in answer.json.get("errors", [])]

    return check


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_value_of_a_field_is_named(functions: Functions, refused: Any, name: str) -> None:
    for value in BAD_VALUES[name]:
        answer = functions.api("POST", "/verifications", WANTED | {name: value})

        assert (value, refused(answer, 400, "invalid_request")) == (value, [f"#/{name}"])


def test_unknown_fields_are_refused_by_name(functions: Functions, refused: Any) -> None:
    unknown = ["colour", "id", "status", "principal", "Type", ""]

    answer = functions.api("POST", "/verifications", WANTED | dict.fromkeys(unknown, "x"))

    assert refused(answer, 400, "invalid_request") == [f"#/{name}" for name in unknown]


@pytest.mark.parametrize(
    ("metadata", "pointer"),
    [
        ({"a": 1}, "#/metadata/a"),
        ({"a": None}, "#/metadata/a"),
        ({"a": {"b": "c"}}, "#/metadata/a"),
        ({"a": "v" * 501}, "#/metadata/a"),
        ({"": "v"}, "#/metadata/"),
        ({"k" * 41: "v"}, f"#/metadata/{'k' * 41}"),
        ({"a/b~c": 1}, "#/metadata/a~1b~0c"),
        ({"a": "\udfff"}, "#/metadata/a"),
    ],
)
def test_a_bad_entry_of_metadata_is_named(functions: Functions, refused: Any, metadata: Any, pointer: str) -> None:
    answer = functions.api("POST", "/verifications", WANTED | {"metadata": metadata})

    assert refused(answer, 400, "invalid_request") == [pointer]


@pytest.mark.parametrize("name", WANTED)
def test_a_missing_field_is_named(functions: Functions, refused: Any, name: str) -> None:
    body = {key: value for key, value in WANTED.items() if key != name}

    assert refused(functions.api("POST", "/verifications", body), 400, "invalid_request") == [f"#/{name}"]


def test_all_faults_are_told_at_once(functions: Functions, refused: Any) -> None:
    body = {"type": "7", "id_country": "XXX", "redirect_url": "https://evil.example", "reference": 1, "colour": "blue"}

    answer = functions.api("POST", "/verifications", body, headers={"Idempotency-Key": "ü"})

    wanted = ["header:Idempotency-Key", "#/id_type", "#/type", "#/id_country", "#/redirect_url"]
    assert refused(answer, 400, "invalid_request") == [*wanted, "#/reference", "#/colour"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        b"",
        '{"type": "00"',
        "[" * 60_000,
        "[]",
        "null",
        '"00"',
        "42",
        "NaN",
        b"\xff\xfe{}",
        json.dumps(WANTED).encode("utf-16"),
        "9" * 5000,
    ],
    ids=lambda body: repr(body)[:20],
)
def test_a_body_that_is_no_json_object_is_refused_whole(functions: Functions, refused: Any, body: Any) -> None:
    assert refused(functions.api("POST", "/verifications", body), 400, "invalid_request") == ["#"]


@pytest.mark.parametrize("text", ["%%%", "e30", "é", "e30=\n{}"])
def test_what_says_that_it_is_base64_and_is_not_is_refused(functions: Functions, refused: Any, text: str) -> None:
    answer = functions.api("POST", "/verifications", text, headers={}, base64=True)

    assert refused(answer, 400, "invalid_request") == ["#"]


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
@pytest.mark.parametrize("in_base64", [False, True])
def test_a_body_larger_than_64_kib_is_413(functions: Functions, refused: Any, size: int, in_base64: bool) -> None:
    text = json.dumps(WANTED).ljust(size)

    answer = functions.api("POST", "/verifications", text.encode() if in_base64 else text)

    assert refused(answer, 413, "body_too_large") == []


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "application/jsonp"],
)
def test_another_content_type_is_415(functions: Functions, refused: Any, content_type: str) -> None:
    answer = functions.api("POST", "/verifications", WANTED, headers={"content-type": content_type})

    assert refused(answer, 415, "unsupported_media_type") == []


@pytest.mark.parametrize("key", ["", "k" * 256, "ü", "a\tb", "a\n"])
def test_a_bad_idempotency_key_is_named(functions: Functions, refused: Any, key: str) -> None:
    answer = functions.api("POST", "/verifications", WANTED, headers={"Idempotency-Key": key})

    assert refused(answer, 400, "invalid_request") == ["header:Idempotency-Key"]


def test_without_the_scope_not_even_the_body_is_looked_at(functions: Functions, refused: Any) -> None:
    scopes = ["verifications:read", "verifications:read_result", "verifications:redact"]

    answer = functions.api("POST", "/verifications", "{", scopes=scopes)

    assert refused(answer, 403, "missing_scope") == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (WANTED | {"reference": None}, {}),
        (WANTED | {"reference": "r" * 128, "metadata": {f"{i:040}": "ü" * 500 for i in range(20)}}, {}),
        (WANTED | {"redirect_url": LONG_URL[:2048]}, {}),
        (json.dumps(WANTED).encode(), {"content-type": "application/json; charset=UTF-8"}),
        (WANTED, {"Idempotency-Key": "k" * 255}),
        (WANTED, {"Idempotency-Key": " ~"}),
    ],
    ids=["null reference", "longest metadata", "longest url", "base64", "longest key", "odd key"],
)
def test_what_is_just_allowed_is_created(functions: Functions, body: Any, headers: dict[str, str]) -> None:
    assert functions.api("POST", "/verifications", body, headers=headers).status == 201
