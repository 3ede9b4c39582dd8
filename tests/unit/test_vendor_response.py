"""Parsing a response: its HTTP status, the status in its body, and its JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import (
    VendorCredentials,
    VendorError,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from bridge.vendor import pictures
from bridge.vendor.response import check_status, parse
from tests.unit.builders import JSON_VALUES, fresh_fields, response_bytes

BY_ERROR: dict[type[VendorError], list[int]] = {
    VendorMalformed: [0, -1, 100, 202, 204, 206, 301, 302, 304, 307],
    VendorRejected: [400, 404, 422, 499],
    VendorCredentials: [401, 403],
    VendorTimeout: [408],
    VendorRateLimited: [429],
    VendorUnavailable: [500, 502, 503, 599, 10**30],
}
STATUSES = [(status, error) for error, statuses in BY_ERROR.items() for status in statuses]


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_status_raises_nothing(status: int) -> None:
    check_status(status)


@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_each_other_status_raises_its_error(status: int, error: type[VendorError]) -> None:
    with pytest.raises(VendorError) as raised:
        check_status(status)
    assert type(raised.value) is error


@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_a_status_in_the_body_counts_like_an_http_status(status: int, error: type[VendorError]) -> None:
    with pytest.raises(VendorError) as raised:
        parse(response_bytes({}, status=status))
    assert type(raised.value) is error


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 30),
        ("", 30),
        ("7", 7),
        ("0", 1),
        ("3600", 3600),
        ("99999", 3600),
        ("100000", 30),
        ("-5", 30),
        ("1.5", 30),
        ("٣", 30),
        ("7, 8", 30),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 30),
    ],
)
def test_retry_after_is_in_seconds_and_at_most_an_hour(status: int, header: str | None, seconds: int) -> None:
    with pytest.raises(VendorUnavailable if status == 503 else VendorRateLimited) as raised:
        check_status(status, header)
    assert raised.value.retry_after == seconds


def test_a_response_has_its_bytes_and_its_result() -> None:
    raw = b' {"status" :200, "result": {"is_success": 0, "is_success": 1}}\n'
    response = parse(raw)
    assert response.raw == raw
    assert response.result == {"is_success": 1}


def test_the_status_in_the_body_may_be_missing() -> None:
    assert parse(b'{"result": {"token": "4KK"}}').result == {"token": "4KK"}


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"<!doctype html><h1>Down</h1>", "not JSON"),
        (b'{"status": 200, "result": {"token": "4KK', "not JSON"),
        (b"{'status': 200}", "not JSON"),
        (b'{"status": 200} {"status": 200}', "not JSON"),
        (b'"\xff\xfe"', "not JSON"),
        (b"\x00\x01\x02", "not JSON"),
        (b'{"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "not JSON"),
        (b'{"x": ' + b"9" * 100_000 + b"}", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"200"', "not a JSON object"),
        (b"NaN", "not a JSON object"),
        (b'{"status": "200"}', "status is not an integer"),
        (b'{"status": null}', "status is not an integer"),
        (b'{"status": true}', "status is not an integer"),
        (b'{"status": 200.0}', "status is not an integer"),
        (b'{"status": NaN}', "status is not an integer"),
        (b'{"status": [200]}', "status is not an integer"),
    ],
)
def test_a_body_that_cannot_be_parsed_is_malformed(raw: bytes, what: str) -> None:
    with pytest.raises(VendorMalformed) as raised:
        parse(raw)
    assert raised.value.what == what
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize("result", [None, [], "text", 1, True])
def test_a_result_that_is_no_object_is_malformed(result: object) -> None:
    with pytest.raises(VendorMalformed) as raised:
        _ = parse(response_bytes(result)).result
    assert raised.value.what == "result is missing or not an object"


def test_a_missing_result_is_malformed() -> None:
    with pytest.raises(VendorMalformed):
        _ = parse(b'{"status": 200}').result


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_cannot_express_are_read_as_text(literal: str) -> None:
    result = parse(f'{{"status": 200, "result": {{"Sim": {literal}}}}}'.encode()).result
    assert result == {"Sim": literal}
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize(
    ("literal", "value"), [("98.33", 98.33), ("1e-999", 0.0), ("12345678901234567890", 12345678901234567890)]
)
def test_other_numbers_stay_numbers(literal: str, value: float) -> None:
    assert parse(f'{{"result": {{"Sim": {literal}}}}}'.encode()).result == {"Sim": value}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_parsed_or_raise_a_vendor_error(raw: bytes) -> None:
    try:
        response = parse(raw)
    except VendorError:
        return
    assert response.raw == raw


@given(JSON_VALUES, JSON_VALUES)
def test_any_json_is_parsed_or_raises_a_vendor_error(status: object, result: object) -> None:
    try:
        fields = parse(response_bytes(result, status=status)).result
    except VendorError:
        return
    assert fields == result


@pytest.mark.parametrize("depth", [50, 150, 400, 900, 5_000, 50_000])
def test_a_deeply_nested_record_is_malformed_or_fits_an_item(depth: int) -> None:
    nested = b"[" * depth + b'"deep"' + b"]" * depth
    raw = response_bytes(fresh_fields(deep="HERE")).replace(b'"HERE"', nested)
    try:
        fields = parse(raw).result
    except VendorMalformed:
        assert depth > 800
        return
    stored = json.loads(pictures.without_pictures(fields))
    assert stored["token"] == fields["token"]
    shown = pictures.with_links(fields, lambda picture, content_type: "link")
    assert shown["token"] == fields["token"]
    json.dumps(shown)
