"""Who a person is, how they go about it, and what they were told."""

import random
from dataclasses import dataclass, field
from typing import Any

from .canaries import MARK
from .gateway import Answer

API_KEY = f"ek_{MARK}abcdefghijklmnopqrstuvwxyz"
PRINCIPAL = "web"
# Another caller's.
OTHER_KEY = f"ek_{MARK}zyxwvutsrqponmlkjihgfedcba"
OTHER_PRINCIPAL = "other"


@dataclass(frozen=True, slots=True)
class Visit:
    """A hit on the return, and what came of it."""

    time: float
    id: str
    answer: Answer


@dataclass(slots=True)
class Person:
    """What one person did, and what they were told."""

    name: str
    body: dict[str, Any]
    key: str | None
    created: list[dict[str, Any]] = field(default_factory=list)
    creations: list[Answer] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    refreshes: list[Answer] = field(default_factory=list)
    others: list[Answer] = field(default_factory=list)
    redactions: list[Answer] = field(default_factory=list)
    wants_redaction: bool = False
    api_key: str = API_KEY

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(document["id"] for document in self.created))


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody goes about it; probabilities and seconds. `reloads`: a page of API Gateway's that does not do so by
    itself."""

    has_key: float = 0.7
    doubles_creation: float = 0.15
    never_opens: float = 0.12
    walks_away: float = 0.15
    skill: float = 0.75
    never_returns: float = 0.2
    returns_at_once: float = 0.15
    clicks_again: float = 0.2
    comes_late: float = 0.08
    polls: float = 0.4
    refreshes: float = 0.15
    reads: float = 0.3
    redacts: float = 0.08
    dawdles: float = 0.25
    inconsistent: float = 0.02
    last_minute: float = 0.08
    leaves: float = 0.05
    reloads: bool = True


def person(number: int, rng: random.Random, profile: Profile) -> Person:
    name = f"person-{number}"
    body = {
        "type": rng.choice(("00", "00", "01")),
        "id_country": "MYS",
        "id_type": rng.choice(("ID_CARD", "PASSPORT")),
        "redirect_url": f"https://app.example.com/done?who={MARK}-{number}#end",
        "reference": f"{MARK}-{number}",
        "metadata": {"customer": f"{MARK}-{number}"},
    }
    key = f"{MARK}-key-{number}" if rng.random() < profile.has_key else None
    return Person(name, body, key, wants_redaction=rng.random() < profile.redacts)
