"""docs/openapi.yaml is valid, its components are used, and its examples match their schemas."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.contract.contract import PROBLEM, Schema, codes, field_errors, operations, resolve
from tests.contract.openapi import SERVED, compact, document, version


def _media_types() -> Iterator[tuple[str, str, Schema]]:
    for operation in operations().values():
        for status, response in operation.responses.items():
            for kind, media in response.get("content", {}).items():
                yield f"{operation.id}-{status}-{kind}", kind, media
    requested = document()["paths"]["/verifications"]["post"]["requestBody"]["content"]
    yield "create_verification-request", "application/json", requested["application/json"]


MEDIA_TYPES = {id: media for id, _, media in _media_types() if "examples" in media}
PROBLEMS = {id: media for id, kind, media in _media_types() if kind == PROBLEM}


def test_the_document_is_valid_openapi() -> None:
    validate(document())


def test_the_document_has_the_projects_version() -> None:
    assert document()["info"]["version"] == version(), "run `make openapi`"


def test_the_api_serves_the_document() -> None:
    assert SERVED.read_text(encoding="ascii") == compact(document()), "run `make openapi`"


@pytest.mark.parametrize("media", MEDIA_TYPES.values(), ids=MEDIA_TYPES)
def test_each_example_matches_its_schema(media: Schema) -> None:
    for name, example in media["examples"].items():
        assert field_errors(resolve(example)["value"], media["schema"]) == [], name


@pytest.mark.parametrize("media", PROBLEMS.values(), ids=PROBLEMS)
def test_each_problem_code_has_an_example(media: Schema) -> None:
    assert set(codes(media)) == set(media["examples"])
    assert all(name == example["value"]["code"] for name, example in media["examples"].items())


def test_each_operation_has_a_summary_and_a_tag() -> None:
    tags = {tag["name"] for tag in document()["tags"]}
    for item in document()["paths"].values():
        for method in item.keys() - {"parameters"}:
            assert item[method]["summary"].endswith(".")
            assert set(item[method]["tags"]) <= tags


def test_all_components_are_used() -> None:
    used = set(_references(document()))
    defined = {f"#/components/{kind}/{name}" for kind, items in document()["components"].items() for name in items}
    assert defined - used == {"#/components/securitySchemes/bearer"}


def test_requests_with_unknown_fields_are_invalid() -> None:
    assert document()["components"]["schemas"]["LinkRequest"]["additionalProperties"] is False


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
