"""Which cases of a test only `make check` runs."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(*quick: Any, of: Iterable[Any]) -> list[Any]:
    """Cases for parametrize: all of them, of which `make test` runs the `quick` ones alone."""
    cases = list(of)
    assert set(quick) <= set(cases), f"no cases: {set(quick) - set(cases)}"
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in cases]
