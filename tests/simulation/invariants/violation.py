"""A rule that did not hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`about`: the names by which the trace is found."""

    rule: str
    about: tuple[str, ...]
    what: str
