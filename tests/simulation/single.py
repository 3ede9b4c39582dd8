"""Runs one person's flow once for each kind of fault at each call, with no other fault.

The enumeration finds what random runs may miss.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from . import faults, report
from .external_calls import MadeCall
from .person import Profile
from .receivers import Endpoint
from .report import Outcome
from .scenarios import SCENARIOS
from .world import Scenario, SimulatedWorld

_NONE: dict[str, Any] = {each.name: 0.0 for each in fields(Profile)} | {"has_key": 1.0, "skill": 1.0, "reloads": True}
# Half an hour is long enough for two links.
_NEVER = Profile(**_NONE | {"valid_for": (1800,)})
# Flows of one person.
PROFILES: dict[str, Profile] = {
    "returns": _NEVER,
    "never returns": replace(_NEVER, never_returns=1.0),
    "fails": replace(_NEVER, skill=0.0, never_returns=1.0),
    "never opens": replace(_NEVER, never_opens=1.0),
    "in the last seconds": replace(_NEVER, last_minute=1.0),
    "twice at once": replace(_NEVER, has_key=1.0, doubles_creation=1.0, returns_at_once=1.0),
    "without a key": replace(_NEVER, has_key=0.0),
    "is redacted": replace(_NEVER, redacts=1.0, reads=1.0),
    "starts": replace(_NEVER, on_open=1.0),
    "starts again": replace(_NEVER, on_open=1.0, abandons=1.0, starts_again=1.0),
    "never starts": replace(_NEVER, on_open=1.0, never_opens=1.0),
    "webhooks": _NEVER,
}
# The endpoints of the flow in which publish and deliver have the faults. Other flows have no endpoint.
ENDPOINTS = {"webhooks": tuple(Endpoint(each.replace(" ", "-"), each) for each in ("fails once", "gone at once"))}


def scenario(profile: Profile, plan: faults.Plan, endpoints: tuple[Endpoint, ...] = ()) -> Scenario:
    def planned(*_: Any) -> faults.Plan:
        return plan

    return Scenario("single", 1, 60.0, 60.0, planned, profile, is_unreliable=False, endpoints=endpoints)


def calm(profile: Profile, endpoints: tuple[Endpoint, ...] = ()) -> Scenario:
    """Returns a scenario of one person without faults."""
    return scenario(profile, faults.NoFaults(), endpoints)


def plans(calls: Sequence[MadeCall], *, is_downstream: bool) -> Iterator[faults.Single]:
    """Yields a plan for each kind of fault at each call of publish and deliver, or of all other functions: at the first
    attempt, and for AWS also at all attempts."""
    for number, call in enumerate(calls, start=1):
        if call.by.is_downstream != is_downstream:
            continue
        for kind in (*faults.CRASHES, *faults.kinds_of(call.service)):
            yield faults.Single(number, kind)
            if call.service not in ("vendor", "webhook") and kind in faults.RETRIED:
                yield faults.Single(number, kind, at_all_attempts=True)


def worlds(seed: str, name: str) -> Iterator[tuple[str, SimulatedWorld]]:
    """Yields a label and the finished world for each single fault in one flow."""
    profile, endpoints = PROFILES[name], ENDPOINTS.get(name, ())
    calls = SimulatedWorld(seed, calm(profile, endpoints)).run().calls.made
    for plan in plans(calls, is_downstream=name in ENDPOINTS):
        _, service, operation = calls[plan.number - 1]
        every = " at all attempts" if plan.at_all_attempts else ""
        world = SimulatedWorld(seed, scenario(profile, plan, endpoints)).run()
        yield f"{name}, {plan.kind}{every} at call {plan.number}, {service} {operation}", world


def outcomes(seed: str, name: str) -> Iterator[Outcome]:
    """Yields each outcome with violations, and the sum of the others."""
    good: list[Outcome] = []
    for label, world in worlds(seed, name):
        found = report.outcome(world)
        if found.failures:
            yield replace(found, scenario=f"single: {label}")
        else:
            good.append(found)
    yield report.total(good, scenario=f"single: {name}")


def run(scenario: str, seed: str, people: int, name: str | None) -> list[Outcome]:
    """Runs a scenario, or with the name of a flow all single faults in it. The processes of a pool call this."""
    if name is not None:
        return list(outcomes(seed, name))
    return [report.outcome(SimulatedWorld(seed, SCENARIOS[scenario](seed, people)).run())]
