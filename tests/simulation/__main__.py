"""python -m tests.simulation [--scenario everything|harsh|calm|maintenance|flood|hang|receivers|bus|single]

Environment variables: SEED (one or more, separated by commas), VERIFICATIONS (the total over all seeds), MINUTES (runs
further seeds until then), PLOT (the path of an SVG of the first run's vendor calls). Exits with 1 on a violation.
"""

import argparse
import itertools
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import plot, report, scenarios, single
from .report import Outcome
from .scenarios import SCENARIOS

_SEEDS = "1,2,3,4,5,6,7,8,9,10"
_VERIFICATIONS = 2000
_PROCESSES = 2


def _outcomes(scenario: str, seeds: list[str], people: int, minutes: float) -> Iterator[Outcome]:
    """Yields the outcomes of the seeds, then those of further seeds until `minutes` have passed."""
    until = time.monotonic() + minutes * 60
    further = map(str, itertools.count(1000))
    processes = min(_PROCESSES, os.cpu_count() or 1)
    profiles = list(single.PROFILES) if scenario == "single" else [None]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        while seeds:
            runs = [(scenario, seed, people, profile) for seed in seeds for profile in profiles]
            for found in pool.map(single.run, *zip(*runs, strict=True)):
                yield from found
            seeds = list(itertools.islice(further, 2 * processes)) if time.monotonic() < until else []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--scenario", choices=[*SCENARIOS, "single"], default="everything")
    scenario = parser.parse_args().scenario
    default = _SEEDS if scenario == "everything" else "1"
    seeds = [seed for seed in os.environ.get("SEED", "").replace(",", " ").split() or default.split(",") if seed]
    total = int(os.environ.get("VERIFICATIONS") or _VERIFICATIONS)
    minutes = float(os.environ.get("MINUTES") or 0)
    began, found = time.perf_counter(), []
    for each in _outcomes(scenario, seeds, max(total // len(seeds), 1), minutes):
        print(report.line(each), flush=True)
        found.append(each)
    for each in found:
        print("\n".join(report.failure_lines(each)), end="")
    print("\n".join(report.summary(found, time.perf_counter() - began)))
    if path := os.environ.get("PLOT"):
        _plot(Path(path), found[0])
    return int(any(each.failures for each in found))


def _plot(path: Path, each: Outcome) -> None:
    outage = scenarios.OUTAGE if each.scenario == "maintenance" else None
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{each.people} people, seed {each.seed}: {each.scenario}"
    path.write_text(plot.svg(each.vendor_calls, title=title, outage=outage), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
