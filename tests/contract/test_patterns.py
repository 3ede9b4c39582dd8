"""The time of every regular expression is linear in the length of the text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.openapi import document
from tests.contract.patterns import in_document, in_module, redos_risk
from tests.sandbox import template

ROOT = Path(__file__).parents[2]


def collected() -> Iterator[tuple[str, str]]:
    for folder in ("functions", "layers/bridge/bridge"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from in_module(path)
    yield from in_document(template.source(), "AllowedPattern", "template.yaml")
    yield from in_document(document(), "pattern", "openapi.yaml")


PATTERNS = dict(collected())


def test_patterns_are_found_in_code_template_and_document() -> None:
    found = {where.split(":")[0].split("/")[0] for where in PATTERNS}
    assert {"redirect_urls.py", "requests.py", "ids.py", "client.py", "template.yaml", "openapi.yaml"} <= found


@pytest.mark.parametrize("where", PATTERNS)
def test_a_pattern_is_linear(where: str) -> None:
    assert redos_risk(PATTERNS[where]) is None, PATTERNS[where]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a*)*b", "(a|a)*b", "(a|ab)*c", "(?:[a-z]+-?)*x", "a*a*b", "(a*)(a*)b", "(?:a*|b)a*c", "a*b?a*c",
        r"\d+\w+x", ".*.*=", "(a?){99}b", r"(a+)\1*", "x*[^y]*z",
    ],
)  # fmt: skip
def test_a_slow_pattern_is_refused(pattern: str) -> None:
    assert redos_risk(pattern)


@pytest.mark.parametrize("pattern", ["a+b+", "[a-z]{1,9}-[0-9]+", "(?:[a-z]|%[0-9]{2})*", "a*/a*", "(x|y)?z*"])
def test_a_linear_pattern_is_accepted(pattern: str) -> None:
    assert redos_risk(pattern) is None


@pytest.mark.parametrize(
    "code", ["import re\nre.compile(made)", "import re\nre.sub(f'{x}+', '', y)", "from re import match"]
)
def test_a_pattern_that_is_not_a_literal_is_refused(tmp_path: Path, code: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(code)
    with pytest.raises(ValueError, match=r"module\.py"):
        list(in_module(path))
