"""Errors of clients that control the fake vendor."""

from collections.abc import Iterable


class UnknownTokenError(LookupError):
    """No verification has this token."""


class UnknownNameError(ValueError):
    """There is no outcome, fault or operation of this name.

    Attributes:
        problem: the message without the list of names.
        names: all valid names.
    """

    def __init__(self, kind: str, name: object, names: Iterable[str]) -> None:
        self.names = list(names)
        self.problem = f"there is no {kind} {name!r}"
        super().__init__(f"{self.problem}; there are: {', '.join(self.names)}")
