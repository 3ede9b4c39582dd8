"""The external calls of each use case without faults. They determine cost and latency."""

from collections import defaultdict
from itertools import pairwise

import pytest

from bridge.aws import secrets
from tests.simulation import scenarios, single
from tests.simulation.world import SimulatedWorld

RESERVE, COMMIT = ("dynamodb", "PutItem"), ("dynamodb", "UpdateItem")
CLAIM, ADVANCE = ("dynamodb", "UpdateItem"), ("dynamodb", "UpdateItem")
STORE_FIELDS = ("dynamodb", "PutItem results")
CREATE_LINK, FETCH, STORE_EVIDENCE = ("vendor", "POST"), ("vendor", "GET"), ("s3", "PutObject")

COUNT = ("dynamodb", "UpdateItem rate")
Call = tuple[str, str]


def _run(profile: str) -> dict[str, list[Call]]:
    """Returns the calls of each function for one person of a profile, without those of Secrets Manager."""
    calls: dict[str, list[Call]] = defaultdict(list)
    for by, service, operation in SimulatedWorld("1", single.calm(single.PROFILES[profile])).run().calls.made:
        if service != "secretsmanager":
            calls[by.function].append((service, operation))
    return calls


def test_create_makes_one_vendor_call_its_count_and_two_writes() -> None:
    calls = _run("returns")
    assert calls["verifications"] == [RESERVE, COUNT, CREATE_LINK, COMMIT]


def test_start_page_creates_its_link_with_one_vendor_call() -> None:
    calls = _run("starts")
    assert calls["verifications"] == [RESERVE, COMMIT]
    read, lease = ("dynamodb", "GetItem"), ("dynamodb", "UpdateItem")
    assert calls["redirect"][:5] == [read, lease, COUNT, CREATE_LINK, COMMIT]


def test_unopened_start_page_costs_no_vendor_call() -> None:
    assert not any(service == "vendor" for each in _run("never starts").values() for service, _ in each)


def test_return_claims_counts_fetches_stores_and_advances() -> None:
    calls = _run("returns")
    assert calls["redirect"] == [CLAIM, COUNT, FETCH, STORE_EVIDENCE, STORE_FIELDS, ADVANCE]


@pytest.mark.parametrize(
    ("profile", "at_most"),
    [("returns", 2), ("never returns", 2), ("fails", 4), ("never opens", 3), ("in the last seconds", 4), ("starts", 2)],
)
def test_vendor_calls_per_verification_are_bounded(profile: str, at_most: int) -> None:
    calls = _run(profile)
    of_vendor = [call for each in calls.values() for call in each if call[0] == "vendor"]
    assert 2 <= len(of_vendor) <= at_most


def test_warm_function_reads_a_secret_at_most_once_in_five_minutes() -> None:
    world = SimulatedWorld("1", scenarios.calm("1", 60)).run()
    # The times at which each process read its secret. No function reads more than one secret.
    times: dict[int, list[float]] = defaultdict(list)
    for time, by, operation in world.calls.effects:
        if operation == "GetSecretValue":
            times[by.process].append(time)
    gaps = [later - earlier for each in times.values() for earlier, later in pairwise(each)]
    assert len(gaps) > 10
    # The age of a cached secret begins with its call.
    assert min(gaps) >= secrets.MAX_AGE - 1
