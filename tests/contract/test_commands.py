"""Each command block of README and docs/ is run by one test, or by .ci/run. Deployed tests find what they edit."""

import re

import pytest

from tests import pages
from tests.contract.commands import RUN_BY, Block, blocks, keys_of, run_by
from tests.deployed.edits import NEW_CODE, NEW_JWT_LAYER, NEW_LAYER, Edit
from tests.deployed.readme import deploy_steps
from tests.pages import ROOT


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_each_block_is_run_by_exactly_one(block: Block) -> None:
    assert len(keys_of(block)) == 1


def test_each_key_matches_a_block() -> None:
    assert {key for block in blocks() for key in keys_of(block)} == RUN_BY.keys()


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_no_block_has_a_placeholder(block: Block) -> None:
    assert not re.search(r"…|<[A-Za-z][^<>\n]*>", re.sub(r"(?m)#.*$", "", block.text))


def _gate_targets() -> set[str]:
    """The targets of make that .ci/run calls, and those that they need."""
    rules = dict(re.findall(r"(?m)^([a-z][a-z-]*):([^#\n]*)", (ROOT / "Makefile").read_text(encoding="utf-8")))
    targets = set(re.findall(r"(?m)^\s*(?:\w+=\S+ )*make ([a-z-]+)", (ROOT / ".ci/run").read_text(encoding="utf-8")))
    return targets | {needed for target in targets for needed in rules[target].split() if needed in rules}


def test_the_gate_runs_each_block_that_names_it() -> None:
    lines = [
        line
        for page in ("README.md", "docs/reliability.md")
        for text in run_by("gate", page)
        for line in text.splitlines()
    ]

    assert {line.partition("#")[0].strip() for line in lines} <= {f"make {target}" for target in _gate_targets()}


@pytest.mark.parametrize("edit", [NEW_CODE, NEW_JWT_LAYER, NEW_LAYER], ids=lambda edit: edit.path)
def test_what_the_deployed_tests_edit_is_in_the_source_once(edit: Edit) -> None:
    source = pages.read(edit.path)
    assert edit.apply(source) != source


def test_the_deployment_is_run_by_the_gate() -> None:
    assert "test-deployed" in _gate_targets()
    steps = [block for blocks in deploy_steps().values() for block in blocks]
    assert set(run_by("deployed", "README.md")) <= set(steps)
