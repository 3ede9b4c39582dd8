"""A person: how they behave, and the responses that they got."""

import random
from dataclasses import dataclass, field
from typing import Any

from .gateway import HttpResponse
from .leaks import MARKER

API_KEY = f"ek_{MARKER}abcdefghijklmnopqrstuvwxyz"
PRINCIPAL = "web"
# Another caller's.
OTHER_KEY = f"ek_{MARKER}zyxwvutsrqponmlkjihgfedcba"
OTHER_PRINCIPAL = "other"


@dataclass(frozen=True, slots=True)
class Visit:
    """A hit on the return URL, and its response."""

    time: float
    id: str
    response: HttpResponse


@dataclass(slots=True)
class Person:
    """What one person did, and the responses."""

    name: str
    body: dict[str, Any]
    key: str | None
    created: list[dict[str, Any]] = field(default_factory=list)
    creations: list[HttpResponse] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    refreshes: list[HttpResponse] = field(default_factory=list)
    others: list[HttpResponse] = field(default_factory=list)
    redactions: list[HttpResponse] = field(default_factory=list)
    wants_redaction: bool = False
    api_key: str = API_KEY

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(document["id"] for document in self.created))


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody behaves: probabilities. `reloads`: by hand, an error page of API Gateway."""

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
    replays: float = 0.05
    dawdles: float = 0.25
    inconsistent: float = 0.02
    last_minute: float = 0.08
    leaves: float = 0.05
    # Of the frontend: it says whom it expects.
    expects: float = 0.0
    reloads: bool = True


def person(number: int, rng: random.Random, profile: Profile) -> Person:
    name = f"person-{number}"
    body = {
        "type": rng.choice(("00", "00", "01")),
        "id_country": "MYS",
        "id_type": rng.choice(("ID_CARD", "PASSPORT")),
        "redirect_url": f"https://app.example.com/done?who={MARKER}-{number}#end",
        "reference": f"{MARKER}-{number}",
        "metadata": {"customer": f"{MARKER}-{number}"},
    }
    # Without a draw where nobody does, so that a seed stays the same run.
    if profile.expects and rng.random() < profile.expects:
        body["expected"] = {"name": f"{MARKER} {number}", "id_number": f"{MARKER}{number}", "birthday": "1990-01-31"}
    key = f"{MARKER}-key-{number}" if rng.random() < profile.has_key else None
    return Person(name, body, key, wants_redaction=rng.random() < profile.redacts)
