"""docs/reliability.md holds the fault matrix of today, without a blank."""

from pathlib import Path

import pytest

from tests.simulation import matrix

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_holds_the_fault_matrix_of_today() -> None:
    assert matrix.filled(PAGE) == PAGE, "make fault-matrix brings docs/reliability.md up to date"


@pytest.mark.slow
def test_no_cell_of_the_fault_matrix_is_blank() -> None:
    rows = [line.strip("|").split("|") for line in matrix.table()]
    assert len(rows) == len(matrix.ROWS) + 2
    assert all(len(row) == len(matrix.FAULTS) + 1 and all(cell.strip() for cell in row) for row in rows)


def test_every_call_of_the_bridge_stands_in_the_fault_matrix() -> None:
    """Each operation of each function that any person's way leads to."""
    made = {(invocation.function, operation) for way in matrix.WAYS for invocation, operation in matrix.calm(way).calls}
    assert made == {(row.function, row.operation) for row in matrix.ROWS}
