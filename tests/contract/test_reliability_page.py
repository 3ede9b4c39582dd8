"""docs/reliability.md names tests: they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
WRITTEN = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_a_test_that_the_page_names_is_there(name: str) -> None:
    assert name in WRITTEN


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE))))
def test_a_file_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_no_cell_of_the_fault_matrix_is_blank() -> None:
    matrix = PAGE.partition("## The fault matrix")[2].partition("\n## ")[0]
    rows = [line.strip().strip("|").split("|") for line in matrix.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows)
