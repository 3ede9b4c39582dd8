"""Simulated time, tasks, and what they may not take from the machine."""

import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from bridge.domain.ids import new_code
from tests.simulation.canaries import MARK, Sink, random_bytes
from tests.simulation.isolation import Powertools, isolated
from tests.simulation.kernel import Died, Kernel

_START = 1000.0
_TAKES = (
    (uuid, "uuid4"),
    (random, "random"),
    (random, "choice"),
    (time, "sleep"),
    (os, "urandom"),
    (secrets, "token_bytes"),
)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(_START, Powertools())


def test_tasks_take_turns_in_the_order_of_their_times(kernel: Kernel) -> None:
    seen: list[tuple[str, float]] = []

    def nap(name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            kernel.sleep(seconds)
            seen.append((name, kernel.now - _START))

        return run

    kernel.spawn("slow", nap("slow", 2.0))
    kernel.spawn("quick", nap("quick", 1.0))
    kernel.run(_START + 10)
    assert seen == [("quick", 1.0), ("slow", 2.0)]
    assert kernel.now == _START + 10


def test_a_process_that_dies_does_nothing_more(kernel: Kernel) -> None:
    done: list[str] = []

    def run() -> None:
        try:
            kernel.sleep(5)
            done.append("went on")
        except Exception:  # noqa: BLE001 - what a handler might have
            done.append("held it up")
        finally:
            kernel.sleep(1)
            done.append("cleaned up")

    task = kernel.spawn("dies", run, owner="somebody")
    kernel.after(1, task.kill)
    kernel.run(_START + 60)
    assert task.is_dead
    assert done == []


def test_waiting_for_a_task_ends_with_it_or_with_patience(kernel: Kernel) -> None:
    task = kernel.spawn("slow", lambda: kernel.sleep(3))
    answers: list[bool] = []
    kernel.spawn("patient", lambda: answers.append(kernel.join(task, 5)))
    kernel.spawn("hasty", lambda: answers.append(kernel.join(task, 1)))
    kernel.run(_START + 60)
    assert answers == [False, True]


def test_a_mistake_of_the_simulation_ends_the_run(kernel: Kernel) -> None:
    kernel.spawn("mistaken", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kernel.run(_START + 1)


def test_death_passes_by_whoever_catches_exceptions() -> None:
    assert not issubclass(Died, Exception)


@pytest.mark.parametrize(("module", "name"), _TAKES)
def test_what_cannot_be_replayed_is_refused(kernel: Kernel, module: ModuleType, name: str) -> None:
    wire: Any = None
    with isolated(kernel, wire, Sink()), pytest.raises(AssertionError, match="cannot be replayed"):
        getattr(module, name)(1)


def test_a_sink_finds_the_word_and_codes_carry_it() -> None:

    sink = Sink()
    print("all is well", file=sink)
    print(f"token {MARK.lower()}77", file=sink)
    assert sink.leaks == [f"token {MARK.lower()}77"]
    assert new_code(lambda count: random_bytes(random.Random(1), count)).startswith(MARK)
