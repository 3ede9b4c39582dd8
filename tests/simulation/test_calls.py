"""How many calls each thing takes where nothing goes wrong: they are what it costs, and how long people wait."""

from collections import defaultdict
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.aws import secrets
from bridge.dependencies import Dependencies
from bridge.settings import Settings
from tests.simulation import scenarios, single
from tests.simulation.kernel import Task
from tests.simulation.world import World

RESERVE, COMMIT = ("dynamodb", "PutItem"), ("dynamodb", "UpdateItem")
CLAIM, ADVANCE = ("dynamodb", "UpdateItem"), ("dynamodb", "UpdateItem")
ASK_FOR_A_LINK, FETCH, KEEP = ("vendor", "POST"), ("vendor", "GET"), ("s3", "PutObject")
STORE_FIELDS = ("dynamodb", "PutItem results")

COUNT = ("dynamodb", "UpdateItem rate")
Call = tuple[str, str]


def _run(profile: str) -> tuple[World, dict[str, list[Call]]]:
    """One person of that manner, and what each function called, but for its secrets."""
    return _watched(World("1", single.calm(single.PROFILES[profile])))


def _watched(world: World) -> tuple[World, dict[str, list[Call]]]:
    calls: dict[str, list[Call]] = defaultdict(list)
    number = world.outward.number

    def noted(service: str, operation: str) -> int:
        if service != "secretsmanager":
            calls[_owner(world.kernel.current)].append((service, operation))
        return number(service, operation)

    world.outward.number = noted  # type: ignore[method-assign]
    return world.run(), calls


def _owner(task: Task | None) -> str:
    assert task is not None
    assert task.owner is not None
    return str(task.owner.function)


def test_creating_takes_one_call_of_the_vendor_its_count_and_two_writes() -> None:
    _, calls = _run("returns")
    assert calls["verifications"] == [RESERVE, COUNT, ASK_FOR_A_LINK, COMMIT]


def test_a_return_takes_a_claim_that_reads_a_call_of_the_vendor_its_count_the_evidence_its_fields_and_one_write() -> (
    None
):
    _, calls = _run("returns")
    assert calls["redirect"] == [CLAIM, COUNT, FETCH, KEEP, STORE_FIELDS, ADVANCE]


@pytest.mark.parametrize(
    ("profile", "at_most"),
    [("returns", 2), ("never returns", 2), ("fails", 4), ("never opens", 3), ("in the last seconds", 4)],
)
def test_a_verification_costs_so_many_calls_of_the_vendor(profile: str, at_most: int) -> None:
    _, calls = _run(profile)
    asked = [call for each in calls.values() for call in each if call[0] == "vendor"]
    assert 2 <= len(asked) <= at_most


def test_a_warm_function_reads_a_secret_at_most_once_in_five_minutes() -> None:
    world = World("1", scenarios.calm("1", 60))
    # The times at which each process read its secret; no function has two.
    processes: list[list[float]] = []
    make_dependencies = world.functions._bridge

    def watched(settings: Settings, skew: float) -> Dependencies:
        deps = make_dependencies(settings, skew)
        secrets = deps._client("secretsmanager")
        times: list[float] = []
        processes.append(times)

        def get_secret_value(**request: Any) -> Any:
            times.append(world.kernel.now)
            return secrets.get_secret_value(**request)

        client = deps._client
        deps._client = lambda service: (
            SimpleNamespace(get_secret_value=get_secret_value) if service == "secretsmanager" else client(service)
        )
        return deps

    world.functions._bridge = watched  # type: ignore[method-assign]
    world.run()
    gaps = [later - earlier for times in processes for earlier, later in pairwise(times)]
    assert len(gaps) > 10
    # The answer is kept from when it was asked for.
    assert min(gaps) >= secrets.MAX_AGE
