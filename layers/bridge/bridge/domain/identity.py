"""Whom the caller expects, and how a document compares with it. matching.py compares."""

from typing import Final, NamedTuple


class Identity:
    """A person as the caller expects them, or as a document names them.

    Not a NamedTuple: Powertools would log its members.
    """

    def __init__(self, name: str | None = None, id_number: str | None = None, birthday: str | None = None) -> None:
        self.name: Final = name
        self.id_number: Final = id_number
        self.birthday: Final = birthday


class Matches(NamedTuple):
    """The comparison of each field."""

    name: bool | None = None
    id_number: bool | None = None
    birthday: bool | None = None

    @property
    def has_mismatch(self) -> bool:
        return False in (self.name, self.id_number, self.birthday)
