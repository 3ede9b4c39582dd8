"""What docs/openapi.yaml promises, in a form that answers can be held against."""

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

# Headers that an answer may only have where it is documented; others are the connection's.
_TOLD = {
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
# The headers that an answer of the bridge may leave out although they are documented: the first where it is no replay,
# the others where a status is final.
_ON_REPLAYS, _UNTIL_FINAL = "idempotent-replayed", {"retry-after", "refresh"}


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` as in /verifications/{id}; `scopes` None where public."""

    id: str
    method: str
    path: str
    scopes: tuple[str, ...] | None
    responses: Mapping[str, Schema]


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One documented answer. `code` is a problem's, "" for what is none."""

    operation: str
    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.code}".rstrip("-")


@cache
def operations() -> dict[str, Operation]:
    """By operationId."""
    found = {}
    for path, item in document()["paths"].items():
        for method, written in item.items():
            if method in _METHODS:
                security = written["security"]
                scopes = tuple(security[0]["bearer"]) if security else None
                # The default is API Gateway's own response.
                said = written["responses"].items()
                responses = {status: resolve(response) for status, response in said if status != "default"}
                found[written["operationId"]] = Operation(written["operationId"], method, path, scopes, responses)
    return found


def resolve(node: Any) -> Any:
    """What a `$ref` stands for; other nodes as they are."""
    while "$ref" in node:
        target: Any = document()
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def cases() -> Iterator[Case]:
    """Every answer that the bridge itself gives, as documented."""
    for operation in operations().values():
        for status, response in operation.responses.items():
            content = response.get("content", {})
            if int(status) < 400 or HTML in content:
                yield Case(operation.id, int(status))
            for code in codes(content.get(PROBLEM)):
                yield Case(operation.id, int(status), code)


def gateway_statuses(operation: Operation) -> set[int]:
    """The statuses that API Gateway may answer with itself."""
    return {
        int(status)
        for status, response in operation.responses.items()
        if int(status) >= 400 and JSON in response.get("content", {})
    }


def codes(media: Schema | None) -> list[str]:
    """The problem codes of a media type."""
    if media is None:
        return []
    code = media["schema"]["properties"]["code"]
    return code["enum"] if "enum" in code else [code["const"]]


def field_errors(value: Any, schema: Schema) -> list[str]:
    """What is wrong with a value. Fields that the schema does not name are faults, too."""
    root = {**_closed(schema), "components": _closed_components()}
    validator = Draft202012Validator(root, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def check(operation: Operation, answer: requests.Response) -> None:
    """Fails unless this very answer is documented: status, content type, headers and body."""
    reported = f"{operation.id} answered {answer.status_code} {answer.text[:500]!r}"
    assert str(answer.status_code) in operation.responses, f"the status is not documented: {reported}"
    response = operation.responses[str(answer.status_code)]
    kind, _, parameters = answer.headers.get("content-type", "").partition(";")
    content = response.get("content")
    if content is None:
        assert answer.text == "", f"a body is not documented: {reported}"
    else:
        assert kind in content, f"{kind} is not documented: {reported}"
        assert parameters.strip() == ("charset=utf-8" if kind == HTML else ""), reported
        value = answer.text if kind == HTML else answer.json()
        assert field_errors(value, content[kind]["schema"]) == [], reported
    is_gateways = answer.status_code >= 400 and kind == JSON
    optional = {_ON_REPLAYS, *(_UNTIL_FINAL if _is_final(operation, answer) else ())}
    _check_headers({} if is_gateways else response.get("headers", {}), answer, optional, reported)


def _is_final(operation: Operation, answer: requests.Response) -> bool:
    """Whether it says that a status is final, to a browser that polls or a page that reloads itself."""
    if operation.id == "show_done_page":
        return answer.status_code == 200 and not _UNTIL_FINAL & {name.lower() for name in answer.headers}
    return operation.id == "get_status" and answer.json().get("status") not in ("pending", "processing")


def _check_headers(
    documented: Mapping[str, Schema], answer: requests.Response, optional: Set[str], reported: str
) -> None:
    expected = {name.lower(): resolve(header) for name, header in documented.items()}
    given = {name.lower(): value for name, value in answer.headers.items() if name.lower() in _TOLD}
    assert given.keys() - expected.keys() == set(), f"a header is not documented: {reported}"
    assert expected.keys() - given.keys() <= optional, f"a header is missing: {reported}"
    for name, value in given.items():
        assert field_errors(value, expected[name]["schema"]) == [], f"{name} is not as documented: {reported}"


@cache
def _closed_components() -> Schema:
    components = document()["components"]
    # Their roots stay open, for others build on them; the places that refer to them are closed.
    schemas = {name: _closed(schema, is_part=True) for name, schema in components["schemas"].items()}
    return {**components, "schemas": schemas}


def _closed(node: Any, *, is_part: bool = False) -> Any:
    """The schema, with `unevaluatedProperties: false` wherever a whole object is described.

    The document leaves its responses open, so that fields may be added; each added field must be documented.
    """
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    # What stands beside an object's fields says more of the same object.
    partial = ("allOf", "dependentSchemas", "const", "enum", *(("oneOf",) if "properties" in node else ()))
    closed = {key: value if key in partial else _closed(value) for key, value in node.items()}
    describes = "$ref" in node or "allOf" in node or (node.get("type") == "object" and "properties" in node)
    if describes and not is_part and "additionalProperties" not in node:
        closed["unevaluatedProperties"] = False
    return closed
