"""The operations of docs/openapi.yaml, and a check of responses against them."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
from jsonschema import Draft202012Validator, FormatChecker

from tests.contract.openapi import document

Schema = dict[str, Any]

HTML, JSON, PROBLEM = "text/html", "application/json", "application/problem+json"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

# Headers that must be documented. All other headers belong to the connection.
_DOCUMENTED_HEADERS = {
    "cache-control",
    "content-language",
    "content-security-policy",
    "idempotent-replayed",
    "location",
    "referrer-policy",
    "refresh",
    "retry-after",
    "set-cookie",
    "x-content-type-options",
}
# Documented headers that a response may lack: the first if it is no replay, the others if the status is final.
_ON_REPLAYS, _UNTIL_FINAL = "idempotent-replayed", {"retry-after", "refresh"}


@dataclass(frozen=True, slots=True)
class Operation:
    """A documented operation. `path` is like /verifications/{id}. `scopes` is None for a public operation."""

    id: str
    method: str
    path: str
    scopes: tuple[str, ...] | None
    responses: Mapping[str, Schema]


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """A documented response. `code` is the code of a problem, and "" for other responses."""

    operation: str
    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.code}".rstrip("-")


@cache
def operations() -> dict[str, Operation]:
    """Returns the documented operations by operationId."""
    found = {}
    for path, item in document()["paths"].items():
        for method, details in item.items():
            if method in _METHODS:
                security = details["security"]
                scopes = tuple(security[0]["bearer"]) if security else None
                # The default response is API Gateway's own.
                declared = details["responses"].items()
                responses = {status: resolve(response) for status, response in declared if status != "default"}
                found[details["operationId"]] = Operation(details["operationId"], method, path, scopes, responses)
    return found


def resolve(node: Any) -> Any:
    """Follows `$ref`. Returns other nodes unchanged."""
    while "$ref" in node:
        target: Any = document()
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def cases() -> Iterator[Case]:
    """Yields every documented response of the bridge itself."""
    for operation in operations().values():
        for status, response in operation.responses.items():
            content = response.get("content", {})
            if int(status) < 400 or HTML in content:
                yield Case(operation.id, int(status))
            for code in codes(content.get(PROBLEM)):
                yield Case(operation.id, int(status), code)


def gateway_statuses(operation: Operation) -> set[int]:
    """Returns the statuses that API Gateway itself may send."""
    return {
        int(status)
        for status, response in operation.responses.items()
        if int(status) >= 400 and JSON in response.get("content", {})
    }


def codes(media: Schema | None) -> list[str]:
    """Returns the problem codes of a media type."""
    if media is None:
        return []
    code = media["schema"]["properties"]["code"]
    return code["enum"] if "enum" in code else [code["const"]]


def field_errors(value: Any, schema: Schema) -> list[str]:
    """Returns the errors of a value. A field that is not in the schema is an error, too."""
    root = {**_closed(schema), "components": _closed_components()}
    validator = Draft202012Validator(root, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def check(operation: Operation, response: requests.Response) -> None:
    """Asserts that the response is documented: its status, content type, headers and body."""
    reported = f"{operation.id} returned {response.status_code} {response.text[:500]!r}"
    assert str(response.status_code) in operation.responses, f"the status is not documented: {reported}"
    documented = operation.responses[str(response.status_code)]
    kind, _, parameters = response.headers.get("content-type", "").partition(";")
    content = documented.get("content")
    if content is None:
        assert response.text == "", f"a body is not documented: {reported}"
    else:
        assert kind in content, f"{kind} is not documented: {reported}"
        assert parameters.strip() == ("charset=utf-8" if kind == HTML else ""), reported
        value = response.text if kind == HTML else response.json()
        assert field_errors(value, content[kind]["schema"]) == [], reported
    is_from_gateway = response.status_code >= 400 and kind == JSON
    optional = {_ON_REPLAYS, *(_UNTIL_FINAL if _is_final(operation, response) else ())}
    _check_headers({} if is_from_gateway else documented.get("headers", {}), response, optional, reported)


def _is_final(operation: Operation, response: requests.Response) -> bool:
    """Returns whether the response has a final status, so that a browser need not poll or reload."""
    if operation.id == "show_done_page":
        return response.status_code == 200 and not _UNTIL_FINAL & {name.lower() for name in response.headers}
    return operation.id == "get_status" and response.json().get("status") not in ("pending", "processing")


def _check_headers(
    documented: Mapping[str, Schema], response: requests.Response, optional: Set[str], reported: str
) -> None:
    expected = {name.lower(): resolve(header) for name, header in documented.items()}
    actual = {name.lower(): value for name, value in response.headers.items() if name.lower() in _DOCUMENTED_HEADERS}
    assert actual.keys() - expected.keys() == set(), f"a header is not documented: {reported}"
    assert expected.keys() - actual.keys() <= optional, f"a header is missing: {reported}"
    for name, value in actual.items():
        assert field_errors(value, expected[name]["schema"]) == [], f"{name} is not as documented: {reported}"


@cache
def _closed_components() -> Schema:
    components = document()["components"]
    # The schemas themselves stay open, because others extend them with allOf. The references to them are closed.
    schemas = {name: _closed(schema, is_part=True) for name, schema in components["schemas"].items()}
    return {**components, "schemas": schemas}


def _closed(node: Any, *, is_part: bool = False) -> Any:
    """Returns the schema with `unevaluatedProperties: false` in each complete description of an object.

    The document allows further fields in responses, for later versions. Here each field must be documented.
    """
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    # These keywords beside `properties` describe parts of the same object.
    partial = ("allOf", "dependentSchemas", "const", "enum", *(("oneOf",) if "properties" in node else ()))
    closed = {key: value if key in partial else _closed(value) for key, value in node.items()}
    is_object = "$ref" in node or "allOf" in node or (node.get("type") == "object" and "properties" in node)
    if is_object and not is_part and "additionalProperties" not in node:
        closed["unevaluatedProperties"] = False
    return closed
