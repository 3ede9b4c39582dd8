"""python -m tests.simulation.fairness: how long webhooks for a good endpoint wait while another hangs.

Each attempt at the other takes ten seconds, and there are more of them than deliver has invocations for.
"""

import dataclasses
import json
from functools import cache
from pathlib import Path

from . import scenarios
from .person import Profile
from .receivers import Endpoint
from .world import World

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
PEOPLE, SECONDS = 600, 900.0
ENDPOINTS = (Endpoint("good"), Endpoint("hangs", "hangs"))


@cache
def waits(*, is_fair: bool, seed: str = "1") -> list[float]:
    """Seconds from the advance to its webhook at the good endpoint, of all advances of a quarter of an hour; the least
    first. One that did not come in that time counts as far as it goes."""
    calm = dataclasses.replace(scenarios.calm(seed, PEOPLE), profile=Profile(), arrivals=SECONDS)
    world = World(seed, dataclasses.replace(calm, endpoints=ENDPOINTS, is_fair=is_fair))
    # AWS says that older messages come first, as far as groups do not decide.
    world.deliveries.is_ordered = True
    world.run_for(SECONDS)
    arrived: dict[str, float] = {}
    for webhook in world.receivers["good"].got:
        data = json.loads(webhook.body)["data"]
        arrived.setdefault(f"{data['id']} {data['sequence']}", webhook.time)
    changes = [change for stream in world.streams for change in stream.passed]
    numbered = ((change.time, f"{change.id} {(change.after or {})['sequence']['N']}") for change in changes)
    return sorted(arrived.get(key, world.kernel.now) - began for began, key in numbered)


def lines() -> list[str]:
    """What docs/reliability.md says."""
    found = {"with fair queues": waits(is_fair=True), "without": waits(is_fair=False)}
    return [
        f"| {name} | {each[len(each) // 2]:.0f} s | {each[-1]:.0f} s | {len(each)} |" for name, each in found.items()
    ]


if __name__ == "__main__":
    print("\n".join(lines()))
