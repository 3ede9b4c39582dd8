"""python -m tests.simulation.fairness measures how long webhooks for a good endpoint wait while another endpoint hangs.

Each attempt at the hanging endpoint takes ten seconds, and more are due at once than deliver has invocations.
"""

import dataclasses
import json
from functools import cache
from pathlib import Path

from . import scenarios
from .person import Profile
from .receivers import Endpoint
from .world import SimulatedWorld

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
SEED, PEOPLE, SECONDS = "1", 600, 900.0
ENDPOINTS = (Endpoint("good"), Endpoint("hangs", "hangs"))


@cache
def waits(*, is_fair: bool) -> list[float]:
    """Returns the seconds from each advance to its webhook at the good endpoint, sorted. A webhook that has not arrived
    counts as if it arrived at the end of the run."""
    calm = dataclasses.replace(scenarios.calm(SEED, PEOPLE), profile=Profile(), arrivals=SECONDS)
    world = SimulatedWorld(SEED, dataclasses.replace(calm, endpoints=ENDPOINTS, is_fair=is_fair))
    # AWS documents that older messages are received first, unless message groups decide.
    world.deliveries.is_ordered = True
    world.run_for(SECONDS)
    arrived: dict[str, float] = {}
    for webhook in world.receivers["good"].webhooks:
        data = json.loads(webhook.body)["data"]
        arrived.setdefault(f"{data['id']} {data['sequence']}", webhook.time)
    changes = [change for stream in world.streams for change in stream.passed]
    numbered = ((change.time, f"{change.id} {(change.after or {})['sequence']['N']}") for change in changes)
    return sorted(arrived.get(key, world.kernel.now) - began for began, key in numbered)


def lines() -> list[str]:
    """Returns the rows of the table in docs/reliability.md."""
    found = {"with fair queues": waits(is_fair=True), "without": waits(is_fair=False)}
    return [
        f"| {name} | {each[len(each) // 2]:.0f} s | {each[-1]:.0f} s | {len(each)} |" for name, each in found.items()
    ]


if __name__ == "__main__":
    print("\n".join(lines()))
