"""Each suppression of a check gives its reason, in its line or in the comment above. `pytest -v` lists them."""

import ast
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import template
from tests.tools.mutation.mutants import SURVIVORS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("functions", "layers", "tests") for path in (ROOT / folder).rglob("*.py"))
_COMMENT = re.compile(
    r"# ?(noqa(: [A-Z\d, ]+)?|type: ?ignore(\[[\w, -]+\])?|fmt: off|pragma:|(ruff|mypy): )(?P<reason>.*)"
)
_SKIP = re.compile(r"pytest\.(skip|xfail|mark\.skip|mark\.skipif|mark\.xfail)")
# In pyproject.toml: a rule in a list of ignored ones, a path with such a list, and settings that ignore something.
_SETTING = re.compile(r'    "[A-Z]+\d*",|"[^"]+" = \["[A-Z]|exclude|ignore_missing_imports|filterwarnings = \["error",')


def in_comments() -> Iterator[tuple[str, str]]:
    """Yields where a comment suppresses a check, and its reason, which may be empty."""
    for path in SOURCES:
        lines = path.read_text(encoding="utf-8").splitlines()
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT and (found := _COMMENT.match(token.string)):
                    yield f"{path.relative_to(ROOT)}:{token.start[0]}", found["reason"] or above(lines, token.start[0])


def in_tests() -> Iterator[tuple[str, str]]:
    """Yields where a test is skipped or expected to fail."""
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Attribute) and _SKIP.fullmatch(name := ast.unparse(node)):
                call = calls.get(id(node), ast.Call(node, [], []))
                reasons = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
                reasons += [] if "mark" in name else call.args
                yield f"{path.relative_to(ROOT)}:{node.lineno}", " ".join(map(ast.unparse, reasons))


def in_settings() -> Iterator[tuple[str, str]]:
    """Yields what pyproject.toml, the template and the list of mutants suppress."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if _SETTING.match(line):
            yield f"pyproject.toml:{number}", line.partition(" # ")[2] or above(lines, number)
    for name, resource in template.source()["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            yield f"template.yaml:{name}:{skip['id']}", skip.get("comment") or ""
    for survivor in tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))["survivor"]:
        yield f"{SURVIVORS.name}:{survivor['function']}", survivor.get("reason", "")


def above(lines: list[str], number: int) -> str:
    line = lines[number - 2].strip()
    return line if line.startswith("#") else ""


@pytest.mark.parametrize(
    "reason", [pytest.param(reason, id=where) for where, reason in [*in_comments(), *in_tests(), *in_settings()]]
)
def test_a_suppression_has_a_reason(reason: str) -> None:
    assert re.search(r"\w{3}", reason)
