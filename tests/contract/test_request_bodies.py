"""docs/openapi.yaml and the code accept the same requests."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.api import BODY, Api
from tests.contract.contract import field_errors
from tests.contract.openapi import document

REQUEST = document()["components"]["schemas"]["LinkRequest"]
PARAMETERS = {
    parameter["name"]: parameter["schema"]
    for method in ("get", "post")
    for parameter in document()["paths"]["/verifications"][method]["parameters"]
}

VALID: dict[str, dict[str, Any]] = {
    "nothing optional": {},
    "OCR only": {"type": "01"},
    "a passport": {"id_type": "PASSPORT"},
    "another country": {"id_country": "SGP"},
    "reference null": {"reference": None},
    "the longest reference": {"reference": "ü" * 128},
    "no metadata": {"metadata": {}},
    "the most metadata": {"metadata": {f"{number:040}": "ü" * 500 for number in range(20)}},
    "an empty metadata value": {"metadata": {"empty": ""}},
    "a name expected": {"expected": {"name": "ü" * 200}},
    "a whole person expected": {"expected": {"name": "A", "id_number": "9" * 64, "birthday": "1990-01-31"}},
    "no path": {"redirect_url": "http://localhost:3000"},
    "another port": {"redirect_url": "http://127.0.0.1:8080/a%20b;c?d=e&f[]"[:-2]},
    "redirect_url null": {"redirect_url": None},
    "the longest redirect_url": {"redirect_url": "http://localhost/".ljust(2048, "x")},
}
INVALID: dict[str, dict[str, Any]] = {
    "an unknown type": {"type": "02"},
    "type as a number": {"type": 0},
    "type null": {"type": None},
    "a country of two letters": {"id_country": "MY"},
    "a country in lower case": {"id_country": "mys"},
    "a country in a list": {"id_country": ["MYS"]},
    "an unknown id_type": {"id_type": "VISA"},
    "id_type in lower case": {"id_type": "passport"},
    "a relative redirect_url": {"redirect_url": "/done"},
    "another scheme": {"redirect_url": "javascript:alert(1)"},
    "user info": {"redirect_url": "http://localhost@evil.example/"},
    "a backslash": {"redirect_url": "http://localhost\\@evil.example/"},
    "http elsewhere": {"redirect_url": "http://app.example.com/done"},
    "localhost in capitals": {"redirect_url": "http://LOCALHOST:3000/done"},
    "a space": {"redirect_url": "http://localhost/a b"},
    "a broken escape": {"redirect_url": "http://localhost/%2"},
    "a redirect_url too long": {"redirect_url": "http://localhost/".ljust(2049, "x")},
    "an empty reference": {"reference": ""},
    "a reference too long": {"reference": "x" * 129},
    "reference as a number": {"reference": 42},
    "metadata null": {"metadata": None},
    "metadata as a list": {"metadata": []},
    "too much metadata": {"metadata": {str(number): "" for number in range(21)}},
    "an empty metadata key": {"metadata": {"": "x"}},
    "a metadata key too long": {"metadata": {"x" * 41: "x"}},
    "a metadata value too long": {"metadata": {"x": "x" * 501}},
    "a metadata value as a number": {"metadata": {"x": 1}},
    "expected empty": {"expected": {}},
    "expected null": {"expected": None},
    "an expected name as a number": {"expected": {"name": 7}},
    "an expected name too long": {"expected": {"name": "x" * 201}},
    "an empty expected id number": {"expected": {"id_number": ""}},
    "an expected id number too long": {"expected": {"id_number": "9" * 65}},
    "an expected birthday in another form": {"expected": {"birthday": "31/01/1990"}},
    "an expected birthday null": {"expected": {"name": "Aminah", "birthday": None}},
    "an unknown expected field": {"expected": {"address": "1 Jalan Contoh"}},
    "an unknown field": {"colour": "red"},
}


@pytest.mark.parametrize("fields", VALID.values(), ids=VALID)
def test_a_body_that_is_valid_by_the_document_is_accepted(fields: dict[str, Any], api: Api) -> None:
    assert field_errors({**BODY, **fields}, REQUEST) == []
    created = api.create(**fields).json()
    # No response has the expected person.
    assert {name: created.get(name) for name in fields} == fields | ({"expected": None} if "expected" in fields else {})


@pytest.mark.parametrize("fields", INVALID.values(), ids=INVALID)
def test_a_body_that_is_invalid_by_the_document_is_refused(fields: dict[str, Any], api: Api) -> None:
    assert field_errors({**BODY, **fields}, REQUEST) != []
    problem = api.create(**fields).json()
    assert [error["pointer"].split("/")[1] for error in problem["errors"]] == list(fields)
    assert api.vendor.calls()["create"] == 0


@pytest.mark.parametrize("name", REQUEST["required"])
def test_a_required_field_is_required(name: str, api: Api) -> None:
    body = {field: value for field, value in BODY.items() if field != name}
    assert field_errors(body, REQUEST) != []
    problem = api.call("create_verification", json=body).json()
    assert problem["errors"] == [{"pointer": f"#/{name}", "detail": "is required"}]


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: str | bytes, api: Api) -> None:
    response = api.call("create_verification", data=body, headers={"Content-Type": "application/json"})
    assert [error["pointer"] for error in response.json()["errors"]] == ["#"]


@pytest.mark.parametrize(
    ("key", "status"), [("!", 201), ("a b ~", 201), ("x" * 255, 201), ("x" * 256, 400), ("", 400), ("ü", 400)]
)
def test_idempotency_keys_are_accepted_as_documented(key: str, status: int, api: Api) -> None:
    assert Draft202012Validator(PARAMETERS["Idempotency-Key"]).is_valid(key) == (status == 201)
    headers: dict[str, Any] = {"Idempotency-Key": key.encode("latin-1")}
    assert api.call("create_verification", json=BODY, headers=headers).status_code == status


@pytest.mark.parametrize(("limit", "status"), [(1, 200), (100, 200), (0, 400), (101, 400), (-1, 400)])
def test_limits_are_accepted_as_documented(limit: int, status: int, api: Api) -> None:
    assert Draft202012Validator(PARAMETERS["limit"]).is_valid(limit) == (status == 200)
    response = api.call("list_verifications", params={"reference": "customer-42", "limit": limit})
    assert response.status_code == status
