"""The outcome of a run, in a form that passes between processes, and as text."""

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
from .world import START, World

# Lines of a trace, and traces, that are printed.
_LONGEST_STORY = 200
_MOST_STORIES = 5
_SUMMED = ("people", "statuses", "faults", "deaths", "late", "invocations", "dead_letters", "hours", "seconds")
_CLASSES = frozenset(call.value for call in CallClass)


@dataclass(frozen=True, slots=True)
class Failure:
    """An invariant that did not hold, and the trace of the verification."""

    rule: str
    what: str
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: str
    scenario: str
    people: int
    statuses: Counter[str]
    faults: Counter[str]
    vendor_calls: tuple[int, ...]
    deaths: int
    late: int
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


def outcome(world: World) -> Outcome:
    """Of a world that has run."""
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
        deaths=sum(invocation.is_dead for invocation in world.functions.invocations),
        late=sum(invocation.is_late for invocation in world.functions.invocations),
        invocations=Counter(invocation.function for invocation in world.functions.invocations),
        dead_letters=sum(len(queue.dead_letters) for queue in world.queues.values())
        + sum(map(len, world.letters.values()))
        + sum(len(stream.given_up) for stream in world.streams),
        hours=(world.kernel.now - START) / 3600,
        seconds=world.wall_seconds,
        digest=world.trace.digest,
        failures=tuple(_failure(world, violation) for violation in check(world)),
    )


def by_minute(world: World) -> dict[int, Counter[str]]:
    """The vendor calls that the rate limiter let through, by minute of the run and by class."""
    minutes: dict[int, Counter[str]] = defaultdict(Counter)
    for window, counts in world.windows.windows.items():
        minute = (int(window) * WINDOW_SECONDS - int(START)) // 60
        minutes[minute].update({name: count for name, count in counts.items() if name in _CLASSES})
    return dict(sorted(minutes.items()))


def total(outcomes: Sequence[Outcome], *, scenario: str) -> Outcome:
    """Many small runs of one seed as one."""
    return replace(
        outcomes[0],
        scenario=scenario,
        vendor_calls=tuple(sum(each.vendor_calls) for each in outcomes),
        digest=hashlib.sha256("".join(each.digest for each in outcomes).encode()).hexdigest(),
        failures=(),
        **{name: _sum(getattr(each, name) for each in outcomes) for name in _SUMMED},
    )


def _failure(world: World, violation: Violation) -> Failure:
    return Failure(violation.rule, violation.what, tuple(world.trace.of(violation.about)[:_LONGEST_STORY]))


def line(each: Outcome) -> str:
    """One run in one line."""
    verdict = f"{len(each.failures)} VIOLATIONS" if each.failures else "holds"
    return (
        f"seed {each.seed:>4}  {each.scenario:<12} {each.people:>5} people  {sum(each.faults.values()):>6} faults  "
        f"{each.hours:>5.1f} h  {each.seconds:>5.1f} s  {each.digest[:12]}  {verdict}"
    )


def stories(each: Outcome) -> list[str]:
    """What went wrong in a run, and how to replay it."""
    reported = []
    for failure in each.failures[:_MOST_STORIES]:
        reported += ["", f"{failure.rule}: {failure.what}", *(f"    {step}" for step in failure.story)]
    if len(each.failures) > _MOST_STORIES:
        reported += ["", f"and {len(each.failures) - _MOST_STORIES} more"]
    return [*reported, "", f"replay: {each.replay}"] if reported else []


def summary(outcomes: Sequence[Outcome], seconds: float) -> list[str]:
    """All runs together."""
    statuses = _sum(each.statuses for each in outcomes)
    people = sum(each.people for each in outcomes)
    calls = sum(sum(each.vendor_calls) for each in outcomes)
    peak = max((max(each.vendor_calls, default=0) for each in outcomes), default=0)
    crashes = sum(each.deaths for each in outcomes)
    return [
        "",
        *_table("verifications by final status", statuses),
        *_table("faults by kind", _sum(each.faults for each in outcomes)),
        *_table("invocations", _sum(each.invocations for each in outcomes)),
        f"people            {people}, who made {statuses.total()} verifications",
        f"vendor calls      {calls}, {calls / max(statuses.total(), 1):.2f} a verification, {peak} in the worst minute",
        f"crashes           {crashes} processes died, {sum(each.late for each in outcomes)} ran into their time limit",
        f"dead letters      {sum(each.dead_letters for each in outcomes)}",
        f"simulated hours   {sum(each.hours for each in outcomes):.1f}",
        f"wall seconds      {seconds:.1f}, {people / max(seconds, 0.001):.0f} verifications a second",
        f"violations        {sum(len(each.failures) for each in outcomes)}",
    ]


def _sum(values: Iterable[Any]) -> Any:
    """Of numbers or counters."""
    return functools.reduce(operator.add, values)


def _table(title: str, counts: Counter[str]) -> list[str]:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [title, *(f"  {count:>7}  {name}" for name, count in rows), ""]
