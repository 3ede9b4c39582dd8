"""docs/fault-matrix.md has the current fault matrix, without empty cells."""

from pathlib import Path

import pytest

from tests.simulation import matrix

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fault-matrix.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_has_the_current_fault_matrix() -> None:
    assert matrix.filled(PAGE) == PAGE, "run `make fault-matrix` to update docs/fault-matrix.md"


@pytest.mark.slow
def test_the_fault_matrix_has_no_empty_cells() -> None:
    rows = [line.strip("|").split("|") for line in matrix.table()]
    assert len(rows) == len(matrix.ROWS) + 2
    assert all(len(row) == len(matrix.FAULTS) + 1 and all(cell.strip() for cell in row) for row in rows)


def test_the_fault_matrix_has_every_call_of_the_bridge() -> None:
    """Compares the rows with the operations that functions call in the simulated flows."""
    made = {(invocation.function, operation) for way in matrix.WAYS for invocation, operation in matrix.calm(way).calls}
    assert made == {(row.function, row.operation) for row in matrix.ROWS}
