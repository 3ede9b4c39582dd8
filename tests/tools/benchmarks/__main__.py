"""python -m tests.tools.benchmarks: prints the table of ratios. ROUNDS (15) is how often each process is measured.

It fails if instructions or the package size exceed the goals in report.py.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

from . import artifacts, report
from .artifacts import Artifact
from .measuring import Bench, Cold, served
from .report import Row

COLD = ("authorize", "create", "return")
WARM = ("create", "return", "read")


def rows(bench: Bench, bare: Artifact, ours: Artifact, rounds: int, warm_calls: int) -> Iterator[Row]:
    for case in COLD:
        yield from _cold(bench, case, (bare, ours), rounds)
    for case in WARM:
        yield from _warm(bench, case, (bare, ours), rounds, warm_calls)
    yield report.counted("package, unzipped", "MB", bare.size() / 1e6, ours.size() / 1e6)


def _cold(bench: Bench, case: str, of: tuple[Artifact, Artifact], rounds: int) -> Iterator[Row]:
    measured: list[list[Cold]] = [[], []]
    # The first round is not measured. It fills the file system's cache.
    for round in range(-1, rounds):
        for artifact, into in zip(of, measured, strict=True):
            one = bench.cold(artifact, case)
            if round >= 0:
                into.append(one)
    bare, ours = measured
    start = f"cold start, {case}"
    yield report.timed(f"{start}: processor", "ms", [one.cpu_ms for one in bare], [one.cpu_ms for one in ours])
    yield report.timed(f"{start}: clock", "ms", [one.wall_ms for one in bare], [one.wall_ms for one in ours])
    counts = [count for artifact in of if (count := bench.instructions(artifact, case))]
    if len(counts) == len(of):
        yield report.counted(f"{start}: instructions", "M", counts[0][0], counts[1][0])
    yield report.timed(f"{start}: peak memory", "MB", [one.peak_mb for one in bare], [one.peak_mb for one in ours])


def _warm(bench: Bench, case: str, of: tuple[Artifact, Artifact], rounds: int, calls: int) -> Iterator[Row]:
    measured: list[list[float]] = [[], []]
    for _ in range(max(rounds // 2, 1)):
        for artifact, into in zip(of, measured, strict=True):
            into.append(bench.warm(artifact, case, calls))
    yield report.timed(f"warm {case}: processor", "ms", *measured)
    counts = [count for artifact in of if (count := bench.instructions(artifact, case))]
    if len(counts) == len(of):
        yield report.counted(f"warm {case}: instructions", "M", counts[0][1], counts[1][1])


def main() -> None:
    rounds = int(os.environ.get("ROUNDS", "15"))
    ours, bare = artifacts.ours(), artifacts.bare(artifacts.plain_install())
    with served() as url:
        bench = Bench(artifacts.runtime(), url)
        found: list[Any] = []
        for row in rows(bench, bare, ours, rounds, 300):
            print(row[0], row[3], file=sys.stderr, flush=True)
            found.append(row)
    print(report.table(found))
    if missed := report.missed(found):
        sys.exit(f"Above the goals: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
