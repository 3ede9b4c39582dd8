"""What runs in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import report, single
from .report import Outcome
from .scenarios import SCENARIOS
from .world import World


@dataclass(frozen=True, slots=True)
class Job:
    """One seed of a scenario; `profile` names the flow where single faults are enumerated."""

    scenario: str
    seed: str
    people: int
    profile: str | None = None


def of(scenario: str, seeds: Sequence[str], people: int) -> list[Job]:
    if scenario == "single":
        return [Job(scenario, seed, 1, profile) for seed in seeds for profile in single.PROFILES]
    return [Job(scenario, seed, people) for seed in seeds]


def do(job: Job) -> list[Outcome]:
    if job.profile is not None:
        return list(single.outcomes(job.seed, job.profile))
    return [report.outcome(World(job.seed, SCENARIOS[job.scenario](job.seed, job.people)).run())]
