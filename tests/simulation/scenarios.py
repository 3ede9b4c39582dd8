"""The runs that there are."""

import random
from dataclasses import replace

from . import faults
from .person import Profile
from .world import Scenario

HOUR = 3600.0
# When the vendor is out of reach in `maintenance`, in minutes.
OUTAGE = (30.0, 270.0)


def everything(seed: str, people: int) -> Scenario:
    """Faults of every kind, at their own times and over each other, for three hours."""
    rng = random.Random(f"{seed}:scenario")
    ends = rng.choice((1.0, 2.0, 3.0)) * HOUR
    return Scenario(
        name="everything",
        people=people,
        arrivals=max(0.75 * ends, people * 0.5),
        faults_end=ends,
        plan=lambda rng, begins: faults.random_windows(rng, begins, begins + ends),
        parameters={"GiveUpHours": rng.choice(("1", "6", "24"))},
        link_lifetime=rng.choice((900.0, 900.0, 900.0, 600.0, 1800.0)),
        rotations=rng.randint(0, 2),
        broken_links=rng.choice((0.0, 0.01)),
    )


def harsh(seed: str, people: int) -> Scenario:
    """One call in twelve goes wrong, and everybody is in a hurry: little time shows much."""
    return Scenario(
        name="harsh",
        people=people,
        arrivals=people * 5.0,
        faults_end=0.75 * HOUR,
        plan=lambda rng, begins: faults.FaultSchedule(rng, [], begins + 0.75 * HOUR, background=0.08),
        profile=Profile(redacts=0.3, returns_at_once=0.3, comes_late=0.0, dawdles=0.1, clicks_again=0.3),
        rotations=1,
    )


def calm(seed: str, people: int) -> Scenario:
    """Nothing goes wrong: what is promised without faults has to hold to the letter."""
    return Scenario(
        name="calm",
        people=people,
        arrivals=max(HOUR, people * 0.5),
        faults_end=0.0,
        plan=lambda rng, begins: faults.NoFaults(),
        is_unreliable=False,
    )


def maintenance(seed: str, people: int) -> Scenario:
    """Four hours without the vendor, and people all around them."""
    return Scenario(
        name="maintenance",
        people=people,
        arrivals=0.75 * HOUR,
        faults_end=OUTAGE[1] * 60,
        plan=lambda rng, begins: faults.outage(rng, begins + OUTAGE[0] * 60, begins + OUTAGE[1] * 60),
        profile=Profile(redacts=0.0, comes_late=0.0, inconsistent=0.0, refreshes=0.0),
        is_unreliable=False,
    )


def flood(seed: str, people: int) -> Scenario:
    """Another caller refreshes twelve times a second, and nothing else goes wrong."""
    return Scenario(
        name="flood",
        people=people,
        arrivals=max(600.0, people * 2.0),
        faults_end=0.0,
        plan=lambda rng, begins: faults.NoFaults(),
        is_unreliable=False,
        flooders=24,
    )


def hang(seed: str, people: int) -> Scenario:
    """The vendor takes requests for an hour and does not respond to any."""
    window = faults.FaultWindow("vendor", 0.0, float("inf"), 1.0, ("stall_before",))
    return Scenario(
        name="hang",
        people=people,
        arrivals=0.75 * HOUR,
        faults_end=1.5 * HOUR,
        plan=lambda rng, begins: faults.FaultSchedule(
            rng, [replace(window, begins=begins + 0.5 * HOUR)], begins + 1.5 * HOUR, background=0.0
        ),
        profile=Profile(redacts=0.0, comes_late=0.0, inconsistent=0.0, refreshes=0.0),
        is_unreliable=False,
    )


SCENARIOS = {
    "everything": everything,
    "harsh": harsh,
    "calm": calm,
    "maintenance": maintenance,
    "flood": flood,
    "hang": hang,
}
