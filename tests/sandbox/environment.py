"""The environment variables of this process while the sandbox runs, and before."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Environment:
    """Changes to the environment variables, which restore() undoes."""

    def __init__(self) -> None:
        self._before: dict[str, str | None] = {}

    def apply(self, variables: Mapping[str, str]) -> None:
        """Sets variables, and remembers the values from before the first change."""
        for name, value in variables.items():
            self._before.setdefault(name, os.environ.get(name))
            os.environ[name] = value

    def drop(self, name: str) -> None:
        """Unsets a variable."""
        self._before.setdefault(name, os.environ.get(name))
        os.environ.pop(name, None)

    def restore(self) -> None:
        """Restores the values from before the first change."""
        for name, value in self._before.items():
            _set(name, value)
        self._before = {}

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Restores the environment inside the with block, for code that must not use the sandbox as its AWS."""
        ours = {name: os.environ.get(name) for name in self._before}
        for name, value in self._before.items():
            _set(name, value)
        try:
            yield
        finally:
            for name, value in ours.items():
                _set(name, value)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
