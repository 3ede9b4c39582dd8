"""A person: how they behave, and which responses they got."""

import random
from dataclasses import dataclass, field
from typing import Any

from .gateway import HttpResponse
from .leaks import MARKER

API_KEY = f"ek_{MARKER}abcdefghijklmnopqrstuvwxyz"
PRINCIPAL = "web"
# The key of another caller.
OTHER_KEY = f"ek_{MARKER}zyxwvutsrqponmlkjihgfedcba"
OTHER_PRINCIPAL = "other"


# Seconds. Most are short, so that runs stay short.
_VALID_FOR = (600, 1800, 3600, 3600, 7200, 7200, 14400, 86400, 2 * 86400)


@dataclass(frozen=True, slots=True)
class Visit:
    """A hit on a URL of a verification, and its response."""

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
    # Visits of the start page: POST requests in `taps`, GET requests of mail scanners in `scans`.
    taps: list[Visit] = field(default_factory=list)
    scans: list[Visit] = field(default_factory=list)
    refreshes: list[HttpResponse] = field(default_factory=list)
    other_responses: list[HttpResponse] = field(default_factory=list)
    redactions: list[HttpResponse] = field(default_factory=list)
    wants_redaction: bool = False
    api_key: str = API_KEY

    @property
    def opens(self) -> bool:
        """Whether a start page creates the links."""
        return "link" in self.body

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(document["id"] for document in self.created))


@dataclass(frozen=True, slots=True)
class Profile:
    """How a person behaves: probabilities, except for `reloads` and `valid_for`.

    `on_open`: a start page creates the links. For such people: `abandons` (leaves a link after at most one step),
    `starts_again` (uses another link), `taps_twice` (also on two devices at once), `taps_later` (after the end),
    `stored_late` (passes in a link's last seconds, and the vendor stores it later), `scanned` (mail scanners open it).
    """

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
    # The frontend sends `expected`.
    expects: float = 0.0
    # Whether the person reloads an error page of API Gateway by hand.
    reloads: bool = True
    on_open: float = 0.0
    # Choices, in seconds.
    valid_for: tuple[int, ...] = _VALID_FOR
    abandons: float = 0.4
    starts_again: float = 0.7
    taps_twice: float = 0.25
    taps_later: float = 0.3
    stored_late: float = 0.1
    scanned: float = 0.6


def person(number: int, rng: random.Random, profile: Profile) -> Person:
    name = f"person-{number}"
    body: dict[str, Any] = {
        "type": rng.choice(("00", "00", "01")),
        "id_country": "MYS",
        "id_type": rng.choice(("ID_CARD", "PASSPORT")),
        "redirect_url": f"https://app.example.com/done?who={MARKER}-{number}#end",
        "reference": f"{MARKER}-{number}",
        "metadata": {"customer": f"{MARKER}-{number}"},
    }
    # A probability of 0 draws nothing, so that a seed repeats the same run as before the feature.
    if profile.expects and rng.random() < profile.expects:
        body["expected"] = {"name": f"{MARKER} {number}", "id_number": f"{MARKER}{number}", "birthday": "1990-01-31"}
    if profile.on_open and rng.random() < profile.on_open:
        body |= {"link": "on_open", "valid_for": rng.choice(profile.valid_for)}
    key = f"{MARKER}-key-{number}" if rng.random() < profile.has_key else None
    return Person(name, body, key, wants_redaction=rng.random() < profile.redacts)
