"""The outcome of a run: as a value that processes can pass to each other, and as text."""

import functools
import hashlib
import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.domain.checks import CallClass
from bridge.vendor.rate_limiter import WINDOW_SECONDS

from .invariants import Violation, check
from .invariants.history import status, text
from .world import START, SimulatedWorld

# How many lines of a trace, and how many failures of a run, are printed.
_MAX_TRACE_LINES = 200
_MAX_FAILURES = 5
_SUMMED = ("people", "statuses", "faults", "crashes", "timeouts", "invocations", "dead_letters", "hours", "seconds")
_CLASSES = frozenset(call.value for call in CallClass)


@dataclass(frozen=True, slots=True)
class Failure:
    """A violated invariant, and the trace of the verification."""

    rule: str
    what: str
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: str
    scenario: str
    people: int
    statuses: Counter[str]
    faults: Counter[str]
    vendor_calls: tuple[int, ...]
    crashes: int
    timeouts: int
    invocations: Counter[str]
    dead_letters: int
    hours: float
    seconds: float
    digest: str
    failures: tuple[Failure, ...]

    @property
    def replay(self) -> str:
        if self.scenario.startswith("single"):
            return f"SEED={self.seed} python -m tests.simulation --scenario single"
        return f"SEED={self.seed} VERIFICATIONS={self.people} python -m tests.simulation --scenario {self.scenario}"


def outcome(world: SimulatedWorld) -> Outcome:
    """Returns the outcome of a world that has run."""
    statuses: Counter[str] = Counter()
    for item in world.table.items.values():
        reason = text(item, "reason_code")
        statuses[f"{status(item)} ({reason})" if reason else f"{status(item)}"] += 1
    first = int(START // 60)
    minutes = Counter(int(time // 60) for time in world.vendor.call_times)
    calls = tuple(minutes[first + n] for n in range(max(minutes, default=first) - first + 1))
    return Outcome(
        seed=world.seed,
        scenario=world.scenario.name,
        people=world.scenario.people,
        statuses=statuses,
        faults=world.fault_counts.kinds,
        vendor_calls=calls,
        crashes=sum(invocation.is_dead for invocation in world.functions.invocations),
        timeouts=sum(invocation.timed_out for invocation in world.functions.invocations),
        invocations=Counter(invocation.function for invocation in world.functions.invocations),
        dead_letters=sum(len(queue.dead_letters) for queue in world.queues.values())
        + sum(map(len, world.dead_letter_bodies.values()))
        + sum(len(stream.given_up) for stream in world.streams),
        hours=(world.kernel.now - START) / 3600,
        seconds=world.wall_seconds,
        digest=world.trace.digest,
        failures=tuple(_failure(world, violation) for violation in check(world)),
    )


def by_minute(world: SimulatedWorld) -> dict[int, Counter[str]]:
    """Returns the vendor calls that the rate limiter allowed, by minute of the run and by class."""
    minutes: dict[int, Counter[str]] = defaultdict(Counter)
    for window, counts in world.rate_table.windows.items():
        minute = (int(window) * WINDOW_SECONDS - int(START)) // 60
        minutes[minute].update({name: count for name, count in counts.items() if name in _CLASSES})
    return dict(sorted(minutes.items()))


def total(outcomes: Sequence[Outcome], *, scenario: str) -> Outcome:
    """Returns the sum of many small runs of one seed."""
    return replace(
        outcomes[0],
        scenario=scenario,
        vendor_calls=tuple(sum(each.vendor_calls) for each in outcomes),
        digest=hashlib.sha256("".join(each.digest for each in outcomes).encode()).hexdigest(),
        failures=(),
        **{name: _sum(getattr(each, name) for each in outcomes) for name in _SUMMED},
    )


def _failure(world: SimulatedWorld, violation: Violation) -> Failure:
    return Failure(violation.rule, violation.what, tuple(world.trace.of(violation.about)[:_MAX_TRACE_LINES]))


def line(each: Outcome) -> str:
    """Returns one line about a run."""
    verdict = f"{len(each.failures)} VIOLATIONS" if each.failures else "holds"
    return (
        f"seed {each.seed:>4}  {each.scenario:<12} {each.people:>5} people  {sum(each.faults.values()):>6} faults  "
        f"{each.hours:>5.1f} h  {each.seconds:>5.1f} s  {each.digest[:12]}  {verdict}"
    )


def failure_lines(each: Outcome) -> list[str]:
    """Returns the failures of a run with their traces, and the command that repeats the run."""
    reported = []
    for failure in each.failures[:_MAX_FAILURES]:
        reported += ["", f"{failure.rule}: {failure.what}", *(f"    {step}" for step in failure.trace)]
    if len(each.failures) > _MAX_FAILURES:
        reported += ["", f"and {len(each.failures) - _MAX_FAILURES} more"]
    return [*reported, "", f"replay: {each.replay}"] if reported else []


def summary(outcomes: Sequence[Outcome], seconds: float) -> list[str]:
    """Returns lines about all runs together."""
    statuses = _sum(each.statuses for each in outcomes)
    people = sum(each.people for each in outcomes)
    calls = sum(sum(each.vendor_calls) for each in outcomes)
    peak = max((max(each.vendor_calls, default=0) for each in outcomes), default=0)
    timeouts = sum(each.timeouts for each in outcomes)
    return [
        "",
        *_table("verifications by final status", statuses),
        *_table("faults by kind", _sum(each.faults for each in outcomes)),
        *_table("invocations", _sum(each.invocations for each in outcomes)),
        f"people            {people}, who made {statuses.total()} verifications",
        f"vendor calls      {calls}, {calls / max(statuses.total(), 1):.2f} a verification, {peak} in the worst minute",
        f"crashes           {sum(each.crashes for each in outcomes)} processes died, {timeouts} reached the time limit",
        f"dead letters      {sum(each.dead_letters for each in outcomes)}",
        f"simulated hours   {sum(each.hours for each in outcomes):.1f}",
        f"wall seconds      {seconds:.1f}, {people / max(seconds, 0.001):.0f} verifications a second",
        f"violations        {sum(len(each.failures) for each in outcomes)}",
    ]


def _sum(values: Iterable[Any]) -> Any:
    """Returns the sum of numbers or of counters."""
    return functools.reduce(operator.add, values)


def _table(title: str, counts: Counter[str]) -> list[str]:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [title, *(f"  {count:>7}  {name}" for name, count in rows), ""]
