"""Skips these tests if the engine is missing. `make policies` and `make check` install it; that needs Node and npm."""

from pathlib import Path

import pytest

from . import engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Integration tests run first, because these tests evaluate the calls that they record.
    items.sort(key=_is_here)
    if engine.is_installed():
        return
    reason = "LEFT OUT: policies are not tested; `make policies` installs the engine, and needs Node and npm's registry"
    for item in items:
        if _is_here(item):
            item.add_marker(pytest.mark.skip(reason=reason))


def _is_here(item: pytest.Item) -> bool:
    return item.path.parent == Path(__file__).parent
