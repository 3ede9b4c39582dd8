"""Ways to replace a part of the bridge by a broken one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from bridge.store.table import Table

SeededBug = Callable[[], AbstractContextManager[Any]]
Update = Callable[..., Any]


def patched(owner: Any, name: str, new: Any) -> SeededBug:
    """Replaces an attribute of the bridge by `new`."""
    return lambda: mock.patch.object(owner, name, new)


def returning(owner: Any, name: str, result: Any) -> SeededBug:
    """Replaces a function of the bridge by one that always returns `result`."""
    return lambda: mock.patch.object(owner, name, return_value=result)


def with_update(change: Callable[[Update, dict[str, Any]], Any]) -> SeededBug:
    """Replaces Table.update by `change`, which gets the original and the keyword arguments of the call."""
    update = Table.update

    def changed(self: Table, id: str, **options: Any) -> Any:
        return change(lambda **given: update(self, id, **given), options)

    return patched(Table, "update", changed)
