"""docs/api.md is complete and agrees with the code."""

import re
from collections.abc import Iterator

import pytest

from bridge.domain import caller, reasons
from bridge.domain.verification import Status
from bridge.web import problems
from tests import pages
from tests.contract.contract import Operation, gateway_statuses, operations
from tests.contract.openapi import document

TEXT = pages.read("docs/api.md")
SECTIONS: dict[str, str] = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def _rows(section: str) -> Iterator[list[str]]:
    """Yields the cells of each row of a section's tables, without the header rows."""
    for line in SECTIONS[section].splitlines():
        if line.startswith("| `") or re.match(r"\| \d", line):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _section_of(operation: Operation) -> str:
    route = f"{operation.method.upper()} {operation.path}"
    heading = next(heading for heading in SECTIONS if re.search(rf"`{re.escape(route)}[?`]", heading))
    return SECTIONS[heading]


@pytest.mark.parametrize("operation", operations().values(), ids=lambda operation: operation.id)
def test_each_operation_has_a_section_with_its_name_examples_and_scopes(operation: Operation) -> None:
    section = _section_of(operation)
    assert f"`{operation.id}`" in section
    assert all(f"```{block}" in section for block in ("sh\ncurl ", "python\n", "javascript\n"))
    assert all(f"`{scope}`" in section for scope in operation.scopes or ())
    assert ("public" in section) == (operation.scopes is None)


@pytest.mark.parametrize("operation", operations().values(), ids=lambda operation: operation.id)
def test_the_section_of_an_operation_has_its_response_statuses(operation: Operation) -> None:
    bridges = {
        int(status)
        for status, response in operation.responses.items()
        if response.get("content", {}).keys() != {"application/json"} or int(status) < 400
    }
    section = _section_of(operation).partition("###")[0] + "".join(re.findall(r"Others: .+", _section_of(operation)))
    assert {int(status) for status in re.findall(r"\b[2-5]\d\d\b", section)} >= bridges


def test_the_fields_of_a_create_are_those_of_the_document() -> None:
    section = _section_of(operations()["create_verification"]).partition("###")[0]
    request = document()["components"]["schemas"]["LinkRequest"]
    fields = dict(re.findall(r"(?m)^\| `(\w+)` \| (\w+) \|", section))
    assert fields == {name: "required" if name in request["required"] else "optional" for name in request["properties"]}


def test_the_reasons_are_those_of_the_code() -> None:
    documented = {row[0]: (row[2], row[3]) for row in _rows("Reasons")}
    known = reasons.BY_CODE.items()
    assert documented == {f"`{code}`": (reason.message, "yes" if reason.retryable else "no") for code, reason in known}


def test_the_statuses_are_those_of_the_code() -> None:
    assert {row[0] for row in _rows("Statuses")} == {f"`{status.value}`" for status in Status}


def test_the_problems_are_those_of_the_code() -> None:
    documented = {row[0]: row[1] for row in _rows("Problems") if row[0].startswith("`")}
    assert documented == {f"`{code}`": str(status) for status, code in problems.STATUSES.values()}


def test_the_gateway_responses_are_those_of_the_openapi_document() -> None:
    documented = {int(row[0]) for row in _rows("Problems") if row[0].isdigit()}
    assert documented == set().union(*(gateway_statuses(operation) for operation in operations().values()))


def test_the_scopes_are_those_of_the_code() -> None:
    documented = {row[0] for row in _rows("Authorization") if row[0].startswith("`")}
    assert documented == {f"`{scope}`" for scope in caller.SCOPES}
