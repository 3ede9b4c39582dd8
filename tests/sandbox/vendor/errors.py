"""Mistakes in driving the fake vendor."""

from collections.abc import Iterable


class UnknownTokenError(LookupError):
    """No verification has this token."""


class UnknownNameError(ValueError):
    """A name that is in no table.

    Attributes:
        problem: what is wrong, without the names.
        names: the names that there are.
    """

    def __init__(self, kind: str, name: object, names: Iterable[str]) -> None:
        self.names = list(names)
        self.problem = f"there is no {kind} {name!r}"
        super().__init__(f"{self.problem}; there are: {', '.join(self.names)}")
