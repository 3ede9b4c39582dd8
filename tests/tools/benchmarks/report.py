"""The ratios of the measures, as a table in Markdown."""

import statistics
from collections.abc import Sequence

Row = tuple[str, str, str, str, str]

# The highest accepted ratios of reproducible measures. The layer has its own limit, in MB.
# Warm create and warm return are above theirs (docs/performance.md).
GOALS = {
    "cold start, authorize: instructions": 0.90,
    "cold start, create: instructions": 1.00,
    "cold start, return: instructions": 1.05,
    "warm create: instructions": 1.65,
    "warm return: instructions": 1.15,
    "warm read: instructions": 0.95,
}
LARGEST_MB = 12.0

_HEAD: Row = ("measure", "bare", "bridge", "ratio", "spread of the ratio")


def ratio(bare: Sequence[float], ours: Sequence[float]) -> tuple[float, float, float]:
    """Returns the median of the rounds' ratios, and its quartiles. Both values of a round were measured together."""
    each = [o / b for b, o in zip(bare, ours, strict=True)]
    if len(each) < 2:
        return each[0], each[0], each[0]
    low, middle, high = statistics.quantiles(each, n=4, method="inclusive")
    return middle, low, high


def timed(measure: str, unit: str, bare: Sequence[float], ours: Sequence[float]) -> Row:
    middle, low, high = ratio(bare, ours)
    reported = [
        f"{statistics.median(values):.{0 if statistics.median(values) >= 100 else 2}f} {unit}"
        for values in (bare, ours)
    ]
    return measure, reported[0], reported[1], f"**{middle:.2f}**", f"{low:.2f} to {high:.2f}"


def counted(measure: str, unit: str, bare: float, ours: float) -> Row:
    """Returns the row of a measure that is nearly the same in each run."""
    places = 0 if bare >= 100 else 1
    return measure, f"{bare:.{places}f} {unit}", f"{ours:.{places}f} {unit}", f"**{ours / bare:.2f}**", ""


def missed(rows: Sequence[Row]) -> list[str]:
    """Returns the rows that exceed their goal, as the table shows them."""
    above = [f"{row[0]}: {row[3]}" for row in rows if float(row[3].strip("*")) > GOALS.get(row[0], float("inf"))]
    large = [f"{row[0]}: {row[2]}" for row in rows if row[0].startswith("package") and float(row[2][:-3]) > LARGEST_MB]
    return above + large


def table(rows: Sequence[Row]) -> str:
    lines = [_HEAD, ("---", "---:", "---:", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("  ", " ") for line in lines)
