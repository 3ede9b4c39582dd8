"""Whom the caller expects, and how a document compares with it. matching.py compares."""

from typing import NamedTuple


class Identity(NamedTuple):
    """A person as the caller expects them, or as a document names them. Its repr is empty, so that no log quotes it."""

    name: str | None = None
    id_number: str | None = None
    birthday: str | None = None

    def __repr__(self) -> str:
        return "Identity()"


class Matches(NamedTuple):
    """The comparison of each field."""

    name: bool | None = None
    id_number: bool | None = None
    birthday: bool | None = None

    @property
    def has_mismatch(self) -> bool:
        return False in (self.name, self.id_number, self.birthday)
