"""Ratios of what was measured side by side, as a table in Markdown."""

import statistics
from collections.abc import Sequence

Row = tuple[str, str, str, str, str]

_HEAD: Row = ("measure", "bare", "bridge", "ratio", "spread of the ratio")


def ratio(bare: Sequence[float], ours: Sequence[float]) -> tuple[float, float, float]:
    """The median of the rounds' ratios, and the quartiles around it. Both of a round met the same neighbours."""
    each = [o / b for b, o in zip(bare, ours, strict=True)]
    if len(each) < 2:
        return each[0], each[0], each[0]
    low, middle, high = statistics.quantiles(each, n=4, method="inclusive")
    return middle, low, high


def timed(measure: str, unit: str, bare: Sequence[float], ours: Sequence[float]) -> Row:
    middle, low, high = ratio(bare, ours)
    told = [
        f"{statistics.median(values):.{0 if statistics.median(values) >= 100 else 2}f} {unit}"
        for values in (bare, ours)
    ]
    return measure, told[0], told[1], f"**{middle:.2f}**", f"{low:.2f} to {high:.2f}"


def counted(measure: str, unit: str, bare: float, ours: float) -> Row:
    """What repeats to the last digit, or nearly so."""
    places = 0 if bare >= 100 else 1
    return measure, f"{bare:.{places}f} {unit}", f"{ours:.{places}f} {unit}", f"**{ours / bare:.2f}**", ""


def table(rows: Sequence[Row]) -> str:
    lines = [_HEAD, ("---", "---:", "---:", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("  ", " ") for line in lines)
