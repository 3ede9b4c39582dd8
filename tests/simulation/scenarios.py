"""The scenarios of a run."""

import random
from dataclasses import replace
from typing import Any

from . import faults
from .person import OTHER_PRINCIPAL, Profile
from .receivers import BEHAVIOURS, Endpoint
from .world import Scenario

HOUR = 3600.0
# The span in which the vendor is unreachable in `maintenance`, in minutes.
OUTAGE = (30.0, 270.0)
# The share of people whose links a start page creates.
_ON_OPEN = 0.25

FINAL = tuple(f"verification.{status}" for status in ("verified", "rejected", "failed", "expired", "redacted"))
GOOD = (Endpoint("crm"),)


def _endpoints(rng: random.Random) -> tuple[Endpoint, ...]:
    """Returns endpoints for all events, for final ones, and for redactions. The last accepts none, or late."""
    last = rng.choice((None, OTHER_PRINCIPAL))
    return (
        Endpoint("crm", rng.choice(("good", "slow", "busy", "flapping"))),
        Endpoint("billing", rng.choice(("gone", "good", "busy")), FINAL),
        Endpoint("erasure", rng.choice(("dead", "gone at once", "down for a day")), FINAL[-1:], last),
    )


def everything(seed: str, people: int) -> Scenario:
    """Faults of every kind, in windows that may overlap, for up to three hours."""
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
        profile=Profile(on_open=_ON_OPEN),
        endpoints=_endpoints(rng),
    )


def harsh(seed: str, people: int) -> Scenario:
    """One call in twelve has a fault, and people are quick: a short run has many faults."""
    return Scenario(
        name="harsh",
        people=people,
        arrivals=people * 5.0,
        faults_end=0.75 * HOUR,
        plan=lambda rng, begins: faults.FaultSchedule(rng, [], begins + 0.75 * HOUR, background=0.08),
        profile=Profile(
            redacts=0.3,
            returns_at_once=0.3,
            comes_late=0.0,
            dawdles=0.1,
            clicks_again=0.3,
            on_open=_ON_OPEN,
            stored_late=0.3,
        ),
        rotations=1,
        endpoints=(*GOOD, Endpoint("billing", "flapping", FINAL), Endpoint("erasure", "gone at once", FINAL[-1:])),
    )


def _reliable(name: str, people: int, arrivals: float, **more: Any) -> Scenario:
    """A scenario in which AWS is reliable; without a `plan` there are no faults."""
    plan: dict[str, Any] = {"faults_end": 0.0, "plan": lambda rng, begins: faults.NoFaults()}
    return Scenario(name=name, people=people, arrivals=arrivals, is_unreliable=False, **(plan | more))


def calm(seed: str, people: int) -> Scenario:
    """No faults: the stricter bounds have to hold."""
    return _reliable("calm", people, max(HOUR, people * 0.5), endpoints=GOOD, profile=Profile(on_open=_ON_OPEN))


_STEADY = Profile(on_open=_ON_OPEN, redacts=0.0, comes_late=0.0, inconsistent=0.0, refreshes=0.0)


def maintenance(seed: str, people: int) -> Scenario:
    """The vendor is unreachable for four hours."""
    begin, end = (minute * 60 for minute in OUTAGE)
    return _reliable(
        "maintenance",
        people,
        0.75 * HOUR,
        faults_end=end,
        plan=lambda rng, begins: faults.outage(rng, begins + begin, begins + end),
        profile=_STEADY,
    )


def flood(seed: str, people: int) -> Scenario:
    """Another caller sends thirty refreshes per second, of verifications enough that most may be checked; no faults."""
    return _reliable("flood", people, max(600.0, people * 2.0), flooders=300)


def hang(seed: str, people: int) -> Scenario:
    """For an hour the vendor accepts requests without responding."""

    def plan(rng: random.Random, begins: float) -> faults.Plan:
        window = faults.FaultWindow("vendor", begins + 0.5 * HOUR, float("inf"), 1.0, ("stall_before",))
        return faults.FaultSchedule(rng, [window], begins + 1.5 * HOUR, background=0.0)

    # A start page can be valid for days, and then shows nothing about the hour.
    profile = replace(_STEADY, on_open=0.0)
    return _reliable("hang", people, 0.75 * HOUR, faults_end=1.5 * HOUR, plan=plan, profile=profile)


def receivers(seed: str, people: int) -> Scenario:
    """Only endpoints have faults; there is one endpoint of each behaviour."""
    endpoints = tuple(Endpoint(each.replace(" ", "-"), each) for each in BEHAVIOURS)
    return _reliable("receivers", people, HOUR, endpoints=endpoints)


def bus(seed: str, people: int) -> Scenario:
    """The event bus rejects all events for a day, which is longer than the stream retries."""

    def plan(rng: random.Random, begins: float) -> faults.Plan:
        window = faults.FaultWindow("events", begins + 0.5 * HOUR, begins + 24 * HOUR, 1.0, ("refused", "throttled"))
        return faults.FaultSchedule(rng, [window], begins + 24 * HOUR, background=0.0)

    return _reliable("bus", people, HOUR, faults_end=24 * HOUR, plan=plan, profile=_STEADY, endpoints=GOOD)


_ALL = (everything, harsh, calm, maintenance, flood, hang, receivers, bus)
SCENARIOS = {each.__name__: each for each in _ALL}
