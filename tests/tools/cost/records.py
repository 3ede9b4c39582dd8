"""One verification in the table: how large its item is at each step, and what each write costs."""

from collections.abc import Iterator

from tests.simulation import single
from tests.simulation.items import size
from tests.simulation.single import PROFILES
from tests.simulation.world import World

from .usage import units

WAYS = {"returns": "comes back within minutes", "never returns": "never comes back"}


def table() -> Iterator[str]:
    """Markdown: the writes of two ways to go about it, in their order."""
    yield "| the person | write | by | bytes of the item | write request units |"
    yield "| --- | ---: | --- | ---: | ---: |"
    for name, meaning in WAYS.items():
        world = calm_world(name)
        total = 0
        for number, change in enumerate(world.table.stream, start=1):
            total += units(change)
            by = change.by.function if change.by is not None else ""
            yield f"| {meaning} | {number} | {by} | {size(change.after or {}):,} | {units(change)} |"
        yield f"| **{meaning}, in all** | **{len(world.table.stream)}** | | | **{total}** |"


def calm_world(name: str, seed: str = "1") -> World:
    """One person of that profile, and nothing goes wrong."""
    return World(seed, single.calm(PROFILES[name])).run()
