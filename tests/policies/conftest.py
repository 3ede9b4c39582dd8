"""These tests need Node and npm's registry: `make policies` installs the engine, and `make check` asks for it."""

import pytest

from . import engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if engine.is_installed():
        return
    reason = "LEFT OUT: policies are not judged; `make policies` installs the engine, and needs Node and npm's registry"
    for item in items:
        if "policies" in item.path.parts:
            item.add_marker(pytest.mark.skip(reason=reason))
