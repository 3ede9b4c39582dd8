"""Looking names up in the tables of outcomes and faults, with an error that lists what there is."""

from collections.abc import Iterable


class UnknownNameError(ValueError):
    """A name that stands in no table.

    Attributes:
        kind: what was looked for: "outcome", "fault", …
        names: the names that would have been understood.
    """

    def __init__(self, kind: str, name: object, names: Iterable[str]) -> None:
        self.kind = kind
        self.names = list(names)
        super().__init__(f"there is no {kind} {name!r}; there are: {', '.join(self.names)}")
