"""All errors of a request's body are reported at once, each with its pointer."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.domain.verification import LinkRequest
from bridge.web.create_body import field_errors
from tests.unit.builders import JSON_VALUES, link_request_body

ALLOWED = frozenset({"https://app.example.com"})


def pointers(value: dict[str, Any]) -> list[str]:
    return [error.pointer for error in field_errors(value, ALLOWED)]


VALID: dict[str, dict[str, Any]] = {
    "only required fields": {},
    "a locale": {"locale": "zh-Hans-MY"},
    "a long locale": {"locale": "a" * 35},
    "no locale": {"locale": None},
    "document only": {"type": "01", "id_type": "PASSPORT"},
    "no redirect_url": {"redirect_url": None},
    "reference": {"reference": "order-1"},
    "no reference": {"reference": None},
    "longest reference": {"reference": "é" * 128},
    "no metadata": {"metadata": {}},
    "most metadata": {"metadata": {f"key-{number}": "v" * 500 for number in range(20)}},
    "a name expected": {"expected": {"name": "N" * 200}},
    "a whole person expected": {"expected": {"name": "é", "id_number": "9" * 64, "birthday": "2000-02-29"}},
    "odd metadata": {"metadata": {"k" * 40: "", "~/": "\x00 ✓ 𝒳"}},
}


@pytest.mark.parametrize("changes", VALID.values(), ids=VALID)
def test_a_valid_body_has_no_errors(changes: dict[str, Any]) -> None:
    assert field_errors(link_request_body(**changes), ALLOWED) == []


# Invalid values by field. The error points at the field itself.
INVALID: dict[str, list[Any]] = {
    "type": ["02", 0, None, ["00"], {"00": "00"}],
    "id_country": ["MY", "mys", "XXX", "", ["MYS"], None],
    "id_type": ["DRIVING_LICENSE", "id_card", False],
    "redirect_url": [
        *("https://evil.example/", "", ["https://app.example.com/"], "https://app.example.com/?status=verified"),
        "https://app.example.com/?x=1&%76erification_id",
    ],
    "reference": ["", "r" * 129, 7, "half \ud83d"],
    "metadata": [None, [], "text", {f"key-{number}": "" for number in range(21)}],
    "expected": [None, [], "text", {}, True],
    "locale": ["", "a" * 36, 7, True, ["en"], "zh_CN", "en ", "en\n", "é", "\ud83d"],
    "unknown": [1],
    "Type": ["00"],
    "principal": ["another"],
    "": [1],
}
INVALID_METADATA = [
    {"": "v"},
    {"k" * 41: "v"},
    {"a": "v" * 501},
    {"a": 1},
    {"a": None},
    {"a": {"b": "v"}},
    {"a": "\udc00"},
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_the_error_of_an_invalid_value_points_at_its_field(name: str, value: Any) -> None:
    assert pointers(link_request_body(**{name: value})) == [f"#/{name}"]


@pytest.mark.parametrize("metadata", [*INVALID_METADATA, {"\udc00": "v"}])
def test_the_error_of_an_invalid_metadata_entry_points_at_its_key(metadata: dict[str, Any]) -> None:
    assert pointers(link_request_body(metadata=metadata)) == [f"#/metadata/{next(iter(metadata))}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("name", value) for value in ("", "n" * 201, None, 7, ["n"], "half \ud83d")),
        *(("id_number", value) for value in ("", "9" * 65, None, 900101145555)),
        *(("birthday", value) for value in ("", "1990-02-30", "31-01-1990", "19900131", "1990-1-31", None, 19900131)),
        *(("birthday", value) for value in ("1990-01-31T00:00", "1990-W05-3", "１990-01-31", "0000-01-01")),
        ("Name", "Aminah"),
        ("address", "1 Jalan Contoh"),
    ],
)
def test_the_error_of_an_invalid_expected_field_points_at_it(name: str, value: Any) -> None:
    assert pointers(link_request_body(expected={"name": "Aminah", name: value})) == [f"#/expected/{name}"]


def test_an_error_of_an_expected_field_does_not_quote_its_value() -> None:
    errors = field_errors(link_request_body(expected={"name": "CANARY" * 40, "birthday": "CANARY"}), ALLOWED)
    assert [error.pointer for error in errors] == ["#/expected/name", "#/expected/birthday"]
    assert "CANARY" not in str(errors)


def test_pointers_are_escaped_and_truncated() -> None:
    assert pointers(link_request_body(metadata={"a/b~c": 1})) == ["#/metadata/a~1b~0c"]
    assert pointers(link_request_body(**{"a/b~c": 1})) == ["#/a~1b~0c"]
    assert pointers(link_request_body(**{"x" * 5000: 1})) == ["#/" + "x" * 80]


@pytest.mark.parametrize("name", ["type", "id_country", "id_type"])
def test_a_missing_required_field_is_reported(name: str) -> None:
    incomplete = link_request_body()
    del incomplete[name]
    [error] = field_errors(incomplete, ALLOWED)
    assert (error.pointer, error.detail) == (f"#/{name}", "is required")


def test_all_errors_are_reported_at_once() -> None:
    invalid = {
        "id_country": "Malaysia",
        "id_type": "CARD",
        "redirect_url": "javascript:alert(1)",
        "reference": "",
        "metadata": {"a": 1, "b": "fine", "k" * 41: 2},
        "webhook": "https://app.example.com",
    }
    long_key = "#/metadata/" + "k" * 41
    assert pointers(invalid) == [
        *("#/type", "#/id_country", "#/id_type", "#/redirect_url", "#/reference", "#/metadata/a"),
        *(long_key, long_key, "#/webhook"),
    ]


def test_an_empty_body_lacks_all_required_fields() -> None:
    assert pointers({}) == ["#/type", "#/id_country", "#/id_type"]


NAMES = ("type", "id_country", "id_type", "redirect_url", "reference", "metadata", "expected")


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=50), JSON_VALUES, max_size=8))
@example({"type": float("nan"), "metadata": {"\ud800": ["\ud800"]}})
def test_any_object_has_errors_or_is_a_link_request(value: dict[str, Any]) -> None:
    errors = field_errors(value, ALLOWED)
    json.dumps([[error.pointer, error.detail] for error in errors]).encode()
    assert all(error.pointer.startswith("#/") and error.detail for error in errors)
    if not errors:
        assert LinkRequest(**value).fingerprint


@given(st.fixed_dictionaries({}, optional={"reference": JSON_VALUES, "metadata": JSON_VALUES}))
def test_the_texts_of_a_valid_body_can_be_encoded(optional: dict[str, Any]) -> None:
    value = link_request_body(**optional)
    if not field_errors(value, ALLOWED):
        request = LinkRequest(**value)
        texts = [request.reference or "", *request.metadata.keys(), *request.metadata.values()]
        assert all(text.encode("utf-8") is not None for text in texts)
