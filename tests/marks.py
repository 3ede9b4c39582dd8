"""Marks the cases of a test that only `make check` runs."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_except(*quick: Any, of: Iterable[Any]) -> list[Any]:
    """Returns all cases for parametrize, and marks all except the `quick` ones as slow."""
    cases = list(of)
    assert set(quick) <= set(cases), f"no cases: {set(quick) - set(cases)}"
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in cases]
