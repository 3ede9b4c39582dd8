"""The history of a verification: its changes in the table, its link, its person."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.simulation.dynamodb import Change
from tests.simulation.expressions import Item
from tests.simulation.person import Person, Visit
from tests.simulation.vendor import Link
from tests.simulation.world import SimulatedWorld

RANKS = {"pending": 0, "processing": 1, "rejected": 2, "failed": 2, "expired": 2, "verified": 3}


def text(item: Item | None, name: str) -> str | None:
    """Returns a string or number attribute as text."""
    value = (item or {}).get(name)
    return None if value is None else str(next(iter(value.values())))


def status(item: Item | None) -> str | None:
    return text(item, "status")


def sequence(item: Item | None) -> int:
    return int(text(item, "sequence") or 0)


def time(item: Item, name: str) -> float:
    return datetime.fromisoformat(text(item, name) or "").timestamp()


def is_final(item: Item) -> bool:
    return RANKS[status(item) or ""] >= 2


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated rule. `about` has the ids and names whose trace lines explain it."""

    rule: str
    about: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class History:
    """The history of one verification. `item` is its last state. `links` are all that its item ever named, oldest
    first: one, or with a start page up to three."""

    id: str
    changes: list[Change]
    item: Item
    links: list[Link]
    person: Person

    @property
    def link(self) -> Link | None:
        """The last link, if any."""
        return self.links[-1] if self.links else None

    @property
    def has_start_page(self) -> bool:
        return self.person.opens

    @property
    def about(self) -> tuple[str, ...]:
        return (self.id, self.person.name, *(link.token for link in self.links))

    @property
    def is_redacted(self) -> bool:
        return "redacted_at" in self.item

    @property
    def visits(self) -> list[Visit]:
        return [visit for visit in self.person.visits if visit.id == self.id]

    def status_changes(self) -> Iterator[Change]:
        for change in self.changes:
            if change.before and change.after and status(change.before) != status(change.after):
                yield change

    def at(self, time: float) -> Item:
        """Returns the item as it was at a time; {} if there was none."""
        return next((change.after or {} for change in reversed(self.changes) if change.time <= time), {})


def histories(world: SimulatedWorld) -> Iterator[History]:
    """Yields the history of each verification in the table."""
    people: dict[str, Person] = {str(person.body["reference"]): person for person in world.people}
    for id, item in world.table.items.items():
        history = world.table.by_id[id]
        # Redaction removes the token.
        tokens = dict.fromkeys(text(change.after, "token") or "" for change in history)
        links = [world.vendor.links[token] for token in tokens if token in world.vendor.links]
        yield History(id, history, item, links, _person(history, people))


def _person(history: list[Change], people: dict[str, Person]) -> Person:
    values = (text(change.after, "reference") for change in history)
    return people[next(value for value in values if value is not None)]


def about_person(person: Person, *others: Any) -> tuple[str, ...]:
    return (person.name, *person.ids, *map(str, others))


Rule = Callable[[SimulatedWorld], Iterator[Violation]]


def of_each(rule: str) -> Callable[[Callable[[SimulatedWorld, History], Iterator[str]]], Rule]:
    """Decorates a check of one verification's history, to make it a rule for a world."""

    def decorate(check: Callable[[SimulatedWorld, History], Iterator[str]]) -> Rule:
        def violations(world: SimulatedWorld) -> Iterator[Violation]:
            for history in histories(world):
                for what in check(world, history):
                    yield Violation(rule, history.about, what)

        return violations

    return decorate
