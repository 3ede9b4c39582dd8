"""python -m tests.tools.cost.growth PATH: draws the work of a sweep for growing numbers of open verifications, as SVG.

Of 1 000, 10 000 and 100 000 open verifications, 100 are due. The others must not add work.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.domain.ids import id_for
from bridge.store.rows import to_row
from tests.simulation import scenarios
from tests.simulation.world import START, SimulatedWorld
from tests.store.factories import reservation

OPEN = (1_000, 10_000, 100_000)
DUE = 100
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 300, 56, 44, 48
_COLOURS = {"queries": "#2f6690", "items read": "#81a4cd", "writes": "#c08552", "sends": "#5c946e"}


@dataclass(frozen=True, slots=True)
class SweepWork:
    """The work of one sweep: queries of the index, items they returned, writes that claimed them, batches sent."""

    open: int
    queries: int
    read: int
    writes: int
    sends: int

    @property
    def counts(self) -> dict[str, int]:
        return {"queries": self.queries, "items read": self.read, "writes": self.writes, "sends": self.sends}


def sweep(count: int) -> SweepWork:
    """Runs the first sweep of a world with `count` open verifications."""
    world = SimulatedWorld("1", scenarios.calm("1", 0))
    for number in range(count):
        _put(world, number, is_due=number % (count // DUE) == 0)
    world.run_for(90)
    done = Counter(call.operation for call in world.calls.made if call.by is not None and call.by.function == "sweep")
    return SweepWork(count, done["Query due"], world.table.items_read, done["UpdateItem"], done["SendMessageBatch"])


def _put(world: SimulatedWorld, number: int, *, is_due: bool) -> None:
    """Stores an open verification that became due a minute ago, or is due in an hour."""
    due_at = int(START) + (-60 if is_due else 3600)
    id = id_for("web", str(number))
    item = to_row(reservation(id=id, sequence=1, due_at=due_at))
    world.table.items[id] = item
    for index in world.table.indexes.values():
        index.put(id, index.entry(item))
    world.due.record(id, float(due_at))


def svg(found: Sequence[SweepWork]) -> str:
    """Returns a bar chart with a group of bars for each number of open verifications."""
    most = max(max(each.counts.values()) for each in found)
    high = _HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#333">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">One sweep, {DUE} verifications being due</text>',
    ]
    for number, (name, colour) in enumerate(_COLOURS.items()):
        legend = _LEFT + 360 + 80 * number
        parts.append(f'<rect x="{legend}" y="12" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{legend + 14}" y="21">{name}</text>')
    group = (_WIDTH - 2 * _LEFT) / len(found)
    for place, each in enumerate(found):
        left = _LEFT + place * group
        for bar, (name, count) in enumerate(each.counts.items()):
            x, tall = left + 12 + bar * 44, high * count / most
            y = _TOP + high - tall
            parts.append(f'<rect x="{x:.0f}" y="{y:.1f}" width="36" height="{tall:.1f}" fill="{_COLOURS[name]}"/>')
            parts.append(f'<text x="{x + 18:.0f}" y="{y - 4:.1f}" text-anchor="middle">{count}</text>')
        label = f"{each.open:,} open".replace(",", "\u202f")
        parts.append(f'<text x="{left + 96:.0f}" y="{_HEIGHT - 20}" text-anchor="middle">{label}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    found = [sweep(count) for count in OPEN]
    for each in found:
        print(f"{each.open:>8,} open:", ", ".join(f"{count} {name}" for name, count in each.counts.items()))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(svg(found), encoding="utf-8")


if __name__ == "__main__":
    main()
