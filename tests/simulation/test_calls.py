"""How many calls each use case takes where nothing goes wrong: they decide what it costs, and how long people wait."""

from collections import defaultdict
from itertools import pairwise

import pytest

from bridge.aws import secrets
from tests.simulation import scenarios, single
from tests.simulation.world import World

RESERVE, COMMIT = ("dynamodb", "PutItem"), ("dynamodb", "UpdateItem")
CLAIM, ADVANCE = ("dynamodb", "UpdateItem"), ("dynamodb", "UpdateItem")
STORE_FIELDS = ("dynamodb", "PutItem results")
ASK_FOR_A_LINK, FETCH, KEEP = ("vendor", "POST"), ("vendor", "GET"), ("s3", "PutObject")

COUNT = ("dynamodb", "UpdateItem rate")
Call = tuple[str, str]


def _run(profile: str) -> dict[str, list[Call]]:
    """The calls of each function for one person of that profile, but for its secrets."""
    calls: dict[str, list[Call]] = defaultdict(list)
    for by, service, operation in World("1", single.calm(single.PROFILES[profile])).run().calls.made:
        if service != "secretsmanager":
            calls[by.function].append((service, operation))
    return calls


def test_creating_takes_one_call_of_the_vendor_its_count_and_two_writes() -> None:
    calls = _run("returns")
    assert calls["verifications"] == [RESERVE, COUNT, ASK_FOR_A_LINK, COMMIT]


def test_a_start_page_makes_its_link_with_one_read_two_writes_and_one_call_of_the_vendor() -> None:
    calls = _run("starts")
    assert calls["verifications"] == [RESERVE, COMMIT]
    read, lease = ("dynamodb", "GetItem"), ("dynamodb", "UpdateItem")
    assert calls["redirect"][:5] == [read, lease, COUNT, ASK_FOR_A_LINK, COMMIT]


def test_a_start_page_that_nobody_opens_costs_no_call_of_the_vendor() -> None:
    assert not any(service == "vendor" for each in _run("never starts").values() for service, _ in each)


def test_a_return_claims_counts_fetches_stores_and_advances() -> None:
    calls = _run("returns")
    assert calls["redirect"] == [CLAIM, COUNT, FETCH, KEEP, STORE_FIELDS, ADVANCE]


@pytest.mark.parametrize(
    ("profile", "at_most"),
    [("returns", 2), ("never returns", 2), ("fails", 4), ("never opens", 3), ("in the last seconds", 4), ("starts", 2)],
)
def test_a_verification_costs_so_many_calls_of_the_vendor(profile: str, at_most: int) -> None:
    calls = _run(profile)
    asked = [call for each in calls.values() for call in each if call[0] == "vendor"]
    assert 2 <= len(asked) <= at_most


def test_a_warm_function_reads_a_secret_at_most_once_in_five_minutes() -> None:
    world = World("1", scenarios.calm("1", 60)).run()
    # The times at which each process read its secret; no function has two.
    times: dict[int, list[float]] = defaultdict(list)
    for time, by, operation in world.calls.effects:
        if operation == "GetSecretValue":
            times[by.process].append(time)
    gaps = [later - earlier for each in times.values() for earlier, later in pairwise(each)]
    assert len(gaps) > 10
    # A secret is cached from the start of its call.
    assert min(gaps) >= secrets.MAX_AGE - 1
