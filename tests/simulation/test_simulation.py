"""The simulation itself: it holds, it can be replayed, and it can fail."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.marks import slow_but
from tests.simulation import fairness, plot, report, scenarios, single
from tests.simulation.invariants import check
from tests.simulation.seeded_bugs import SEEDED_BUGS
from tests.simulation.world import Scenario, World

_SEEDS = slow_but("1", of=("1", "2"))
# How many seeds are run until a seeded bug is found. Some need two rare events in one flow: a refresh just before the
# return, for example.
_CHANCES = 100


@pytest.mark.parametrize("seed", _SEEDS)
def test_every_verification_is_completed_whatever_goes_wrong(seed: str) -> None:
    outcome = report.outcome(World(seed, scenarios.everything(seed, 75)).run())
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert outcome.faults.total() > 50


def test_without_faults_the_stricter_bounds_hold() -> None:
    outcome = report.outcome(World("1", scenarios.calm("1", 75)).run())
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert outcome.faults.total() == 0


@pytest.mark.parametrize("scenario", [scenarios.calm, scenarios.harsh])
def test_whom_a_caller_expects_is_compared_and_erased(scenario: Callable[[str, int], Scenario]) -> None:
    made = scenario("1", 60)
    world = World("1", dataclasses.replace(made, profile=dataclasses.replace(made.profile, expects=0.5)))
    outcome = report.outcome(world.run())
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert sum("matches" in item for item in world.table.items.values()) > 5


@pytest.mark.slow
def test_an_outage_of_the_vendor_loses_nobody_and_ends_without_a_rush() -> None:
    outcome = report.outcome(World("1", scenarios.maintenance("1", 60)).run())
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert not any("vendor_unreachable" in status for status in outcome.statuses)
    assert "<svg" in plot.svg(outcome.vendor_calls, title="", outage=scenarios.OUTAGE)


@pytest.mark.slow
def test_a_caller_that_floods_delays_no_other() -> None:
    """By the minute: refreshes keep to their fifth, and the others get what they ask for."""
    world = World("1", scenarios.flood("1", 60)).run()
    outcome = report.outcome(world)
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert world.windows.refused.keys() == {"refresh"}
    minutes = report.by_minute(world)
    assert max(minute["refresh"] for minute in minutes.values()) <= 80
    assert sum(minute["create"] for minute in minutes.values()) == 60 + 24


@pytest.mark.slow
def test_a_vendor_that_hangs_for_an_hour_leaves_no_backlog() -> None:
    world = World("1", scenarios.hang("1", 250)).run()
    outcome = report.outcome(world)
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    assert world.queue.most_duplicates <= 10
    assert world.queue.deepest <= 2 * int(world.parameters["VendorCallsPerMinute"])
    # The hang ends after an hour and a half; all is processed a quarter of an hour later.
    assert outcome.hours < 2.5


@pytest.mark.slow
def test_receivers_that_fail_for_days_lose_nothing_and_those_that_are_dead_leave_letters() -> None:
    world = World("1", scenarios.receivers("1", 25)).run()
    outcome = report.outcome(world)
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    letters = {json.loads(body)["endpoint"] for body in world.letters["DeliveryDeadLetterQueue"]}
    assert letters == {"dead", "hangs", "gone", "gone-at-once"}


@pytest.mark.slow
def test_a_bus_that_is_away_for_a_day_leaves_what_was_tried_for_twenty_hours_to_an_operator() -> None:
    world = World("1", scenarios.bus("1", 25)).run()
    outcome = report.outcome(world)
    assert outcome.failures == (), "\n".join(report.stories(outcome))
    (stream,) = world.streams
    assert 0 < len(stream.given_up) < len(stream.passed)


@pytest.mark.slow
def test_a_good_endpoint_does_not_wait_for_one_that_hangs() -> None:
    assert "\n".join(fairness.lines()) in fairness.PAGE.read_text(encoding="utf-8")
    assert fairness.waits(is_fair=True)[-1] < 30 < 300 < fairness.waits(is_fair=False)[-1]


@pytest.mark.parametrize("name", slow_but("returns", of=("returns", "without a key", "starts", "webhooks")))
def test_no_single_fault_at_any_call_loses_a_verification(name: str) -> None:
    found = [outcome for outcome in single.outcomes("1", name) if outcome.failures]
    assert found == [], "\n".join(line for outcome in found for line in report.stories(outcome))


@pytest.mark.parametrize("name", slow_but("a token is logged", "an event is expanded only once", of=SEEDED_BUGS))
def test_a_seeded_bug_is_found(name: str) -> None:
    bug, rules = SEEDED_BUGS[name]
    # This rule holds only where there are no faults.
    scenario = scenarios.calm if rules == {"followed"} else scenarios.harsh
    seen: set[str] = set()
    for seed in map(str, range(1, _CHANCES)):
        with bug():
            seen |= {violation.rule for violation in check(World(seed, scenario(seed, 60)).run())}
        if seen & rules:
            return
    pytest.fail(f"not found; other violations: {sorted(seen)}")


def test_a_failing_run_prints_its_trace_and_how_to_replay_it() -> None:
    bug, _ = SEEDED_BUGS["the browser is believed"]
    with bug():
        outcome = report.outcome(World("1", scenarios.harsh("1", 30)).run())
    reported = "\n".join(report.stories(outcome))
    assert "GET return" in reported
    assert "replay: SEED=1 VERIFICATIONS=30 python -m tests.simulation --scenario harsh" in reported


def test_one_seed_is_one_history() -> None:
    def digest(seed: str) -> str:
        return World(seed, scenarios.harsh(seed, 20)).run().trace.digest

    assert digest("1") == digest("1") != digest("2")


@pytest.mark.slow
def test_a_history_does_not_depend_on_the_process_that_runs_it() -> None:
    """Not on the order of sets either, which PYTHONHASHSEED decides."""
    digests = set()
    for hash_seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--scenario", "harsh"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "SEED": "5", "VERIFICATIONS": "15"},
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        digests |= set(re.findall(r" ([0-9a-f]{12})  holds", ran.stdout))
    assert len(digests) == 1
