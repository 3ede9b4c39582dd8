"""A rule that did not hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`about`: the names under which the trace tells the story."""

    rule: str
    about: tuple[str, ...]
    what: str
