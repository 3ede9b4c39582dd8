"""The size of one verification's item after each write, and the cost of the write."""

from collections.abc import Iterator

from tests.simulation import single
from tests.simulation.items import size
from tests.simulation.single import PROFILES
from tests.simulation.world import SimulatedWorld

from .write_units import units

PEOPLE = {"returns": "comes back within minutes", "never returns": "never comes back"}


def table() -> Iterator[str]:
    """Yields the lines of a Markdown table: the writes of a person who returns, and of one who never returns."""
    yield "| the person | write | by | bytes of the item | write request units |"
    yield "| --- | ---: | --- | ---: | ---: |"
    for name, meaning in PEOPLE.items():
        world = SimulatedWorld("1", single.calm(PROFILES[name])).run()
        total = 0
        for number, change in enumerate(world.table.stream, start=1):
            total += units(change)
            by = change.by.function if change.by is not None else ""
            yield f"| {meaning} | {number} | {by} | {size(change.after or {}):,} | {units(change)} |"
        yield f"| **{meaning}, in all** | **{len(world.table.stream)}** | | | **{total}** |"
