"""The template has nothing for local runs. The copy for `sam local` declares the variable that `--env-vars` sets."""

import json
import shutil
from pathlib import Path

from tests.sandbox import template
from tests.sandbox.sam_template import ENDPOINT_VARIABLE, with_endpoint_variable


def _variables(path: Path) -> dict[str, dict[str, object]]:
    """Returns the variables that each function declares."""
    functions = template.read(path=path).of_type("AWS::Lambda::Function")
    return {name: declared["Environment"]["Variables"] for name, declared in functions.items()}


def test_the_template_sets_no_aws_variable() -> None:
    declared = {name for variables in _variables(template.TEMPLATE).values() for name in variables}

    assert not [name for name in declared if name.startswith("AWS_")]


def test_the_copy_for_sam_local_adds_only_the_endpoint_variable(tmp_path: Path) -> None:
    built = Path(shutil.copy(template.TEMPLATE, tmp_path / "template.yaml"))

    copied = _variables(with_endpoint_variable(built))

    assert copied == {name: variables | {ENDPOINT_VARIABLE: ""} for name, variables in _variables(built).items()}


def test_the_copy_keeps_everything_else_of_the_template(tmp_path: Path) -> None:
    built = Path(shutil.copy(template.TEMPLATE, tmp_path / "template.yaml"))
    original = json.loads(json.dumps(template.source(built), default=str))

    copied = json.loads(with_endpoint_variable(built).read_text(encoding="utf-8"))

    assert copied["Globals"]["Function"]["Environment"]["Variables"].pop(ENDPOINT_VARIABLE) == ""
    assert copied == original
