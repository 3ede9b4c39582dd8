"""The environment variables of this process while the sandbox is up, and those it had before."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Environment:
    """Variables that are set by apply() and put back by restore()."""

    def __init__(self) -> None:
        self._before: dict[str, str | None] = {}

    def apply(self, variables: Mapping[str, str]) -> None:
        """Sets variables; what they were before is kept once."""
        for name, value in variables.items():
            self._before.setdefault(name, os.environ.get(name))
            os.environ[name] = value

    def drop(self, name: str) -> None:
        """Unsets one."""
        self._before.setdefault(name, os.environ.get(name))
        os.environ.pop(name, None)

    def restore(self) -> None:
        """As it was before the first apply()."""
        for name, value in self._before.items():
            _set(name, value)
        self._before = {}

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Inside, the environment is as it was before; for what must not take the sandbox for its AWS."""
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
