"""docs/openapi.yaml agrees with template.yaml and the code."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.domain import caller, reasons, schedule
from bridge.domain.redirect_urls import MAX_URL_LENGTH
from bridge.domain.schedule import MIN_REFRESH_INTERVAL_SECONDS
from bridge.domain.verification import Status
from bridge.store import evidence
from bridge.vendor import client as vendor_client
from bridge.web import create_body, list_query, problems, requests
from tests.contract.contract import operations
from tests.contract.openapi import ROOT, document
from tests.sandbox import template

SCHEMAS = document()["components"]["schemas"]


def _routes() -> Iterator[tuple[str, tuple[str, str], bool]]:
    """Yields (folder of the code, (method, path), whether it is public) of every route in the template."""
    for resource in template.source()["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                is_public = route.get("Auth") == {"Authorizer": "NONE"}
                yield resource["Properties"]["CodeUri"], (route["Method"].lower(), route["Path"]), is_public


def _handlers(folder: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yields ((method, path), name) of every function that a handler's resolver routes to."""
    for node in ast.parse((ROOT / folder / "app.py").read_text(encoding="utf-8")).body:
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                path = ast.literal_eval(decorator.args[0])
                yield (decorator.func.attr, re.sub(r"<(\w+)>", r"{\1}", path)), getattr(node, "name", "")


DOCUMENTED = {(operation.method, operation.path): operation for operation in operations().values()}


def test_the_documented_routes_are_those_of_the_template() -> None:
    assert sorted(route for _, route, _ in _routes()) == sorted(DOCUMENTED)


def test_the_routes_without_security_are_those_without_authorizer() -> None:
    public = {route for route, operation in DOCUMENTED.items() if operation.scopes is None}
    assert {route for _, route, is_public in _routes() if is_public} == public


def test_operation_ids_are_the_names_of_their_handlers() -> None:
    routes = {(folder, route) for folder, route, _ in _routes()}
    names = {(folder, route): name for folder in {folder for folder, _ in routes} for route, name in _handlers(folder)}
    assert names == {(folder, route): DOCUMENTED[route].id for folder, route in routes}


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ("ReasonCode", reasons.BY_CODE),
        ("ProblemCode", {code for _, code in problems.STATUSES.values()} - {"redirect_not_allowed"}),
        ("VerificationStatus", {status.value for status in Status}),
        ("Type", create_body.TYPES),
        ("IdType", create_body.ID_TYPES),
    ],
)
def test_an_enumeration_has_the_values_of_the_code(schema: str, values: Any) -> None:
    assert sorted(SCHEMAS[schema]["enum"]) == sorted(values)


def test_each_problem_example_has_the_status_of_the_code() -> None:
    statuses = {code: status for status, code in problems.STATUSES.values()}
    for operation in operations().values():
        for status, response in operation.responses.items():
            for example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).values():
                assert statuses[example["value"]["code"]] == int(status)


def test_all_scopes_are_described_and_no_others_are_required() -> None:
    described = document()["components"]["securitySchemes"]["bearer"]["description"]
    assert set(re.findall(r"`((?:verifications|events):\w+)`", described)) == set(caller.SCOPES)
    assert {scope for operation in operations().values() for scope in operation.scopes or ()} <= set(caller.SCOPES)


def test_the_limits_are_those_of_the_code() -> None:
    assert SCHEMAS["Reference"]["maxLength"] == create_body.MAX_REFERENCE_LENGTH
    assert SCHEMAS["RedirectUrl"]["maxLength"] == MAX_URL_LENGTH
    metadata = SCHEMAS["Metadata"]
    assert metadata["maxProperties"] == create_body.MAX_METADATA_KEYS
    assert metadata["propertyNames"]["maxLength"] == create_body.MAX_METADATA_KEY_LENGTH
    assert metadata["additionalProperties"]["maxLength"] == create_body.MAX_METADATA_VALUE_LENGTH
    query = document()["paths"]["/verifications"]["get"]["parameters"]
    limit = next(parameter["schema"] for parameter in query if parameter["name"] == "limit")
    assert (limit["default"], limit["maximum"]) == (list_query.DEFAULT_LIMIT, list_query.MAX_LIMIT)
    assert SCHEMAS["VerificationList"]["properties"]["data"]["maxItems"] == list_query.MAX_LIMIT


@pytest.mark.parametrize("path", ["docs/openapi.yaml", "docs/api.md"])
@pytest.mark.parametrize(
    "phrase",
    [
        f"at most {requests.MAX_BODY_BYTES} bytes",
        f"once in {MIN_REFRESH_INTERVAL_SECONDS} seconds",
        f"within {vendor_client.BUDGET:.0f} seconds",
        f"works for {evidence.PRESIGNED_URL_SECONDS // 60} minutes",
        f"{schedule.LEASE_SECONDS} at most",
    ],
)
def test_the_prose_has_the_numbers_of_the_code(path: str, phrase: str) -> None:
    text = " ".join((ROOT / path).read_text(encoding="utf-8").split())
    assert phrase in text
