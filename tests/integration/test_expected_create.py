"""Whom the caller expects, while the verification is created: stored first, and left over by no fault or crash."""

import json
from typing import Any

import pytest

from bridge.domain import schedule
from tests.integration.harness import WANTED, World
from tests.integration.leaks import Said, found
from tests.integration.test_expected import AMINAH, FATIMAH, expected

KEY = {"Idempotency-Key": "order-17"}


def test_it_is_stored_outside_the_streamed_item_before_the_vendor_is_asked(world: World) -> None:
    response = world.functions.api("POST", "/verifications", WANTED | {"expected": AMINAH})

    assert response.status == 201
    assert response.json.keys().isdisjoint({"expected", "matches"})
    assert world.aws.calls == [
        "dynamodb.PutItem",
        "dynamodb.PutItem",
        "dynamodb.UpdateItem",
        "secretsmanager.GetSecretValue",
        "dynamodb.UpdateItem",
    ]
    (row,) = world.stored.rows()
    assert row["has_expected"] is True
    for value in AMINAH.values():
        assert value not in json.dumps(row)
    assert expected(world, row["id"]) == [AMINAH]


def test_no_log_or_error_quotes_whom_the_caller_expects(world: World, said: Said) -> None:
    canary = "canary of a person"
    for person in ({"name": canary}, {"id_number": canary}, {"birthday": canary}, {"name": [canary]}, canary):
        response = world.functions.api("POST", "/verifications", WANTED | {"expected": person})
        said.errors += response.text if response.status >= 300 else ""
    world.vendor.fault("500", on="create", times=None)
    for call in ("dynamodb.PutItem", "dynamodb.DeleteItem"):
        world.aws.deny(call)
        said.errors += world.functions.api("POST", "/verifications", WANTED | {"expected": {"name": canary}}).text

    assert found(said, [canary]) == []


def test_the_same_key_with_another_person_is_a_replay_of_the_first(world: World) -> None:
    first = world.functions.api("POST", "/verifications", WANTED | {"expected": AMINAH}, headers=KEY)
    again = world.functions.api("POST", "/verifications", WANTED | {"expected": FATIMAH}, headers=KEY)

    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert expected(world, first.json["id"]) == [AMINAH]


def test_a_fault_of_the_vendor_leaves_nothing_of_the_person(world: World) -> None:
    world.vendor.fault("500", on="create", times=None)

    response = world.functions.api("POST", "/verifications", WANTED | {"expected": AMINAH})

    assert (response.status, response.json["code"]) == (503, "vendor_unavailable")
    assert world.stored.rows() == world.stored.expected() == []


def test_what_cannot_be_stored_is_not_created(world: World) -> None:
    world.aws.before_next("dynamodb.PutItem", lambda: world.aws.before_next("dynamodb.PutItem", refuse(world)))

    response = world.functions.api("POST", "/verifications", WANTED | {"expected": AMINAH})

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
    assert world.vendor.calls()["create"] == 0
    assert world.stored.rows() == []


def refuse(world: World) -> Any:
    return lambda: world.aws.refuse("dynamodb.PutItem")


def test_a_crash_before_the_link_is_repeated_with_what_the_repetition_expects(world: World) -> None:
    crash(world)
    world.clock.advance(schedule.LEASE_SECONDS + 1)

    again = world.functions.api("POST", "/verifications", WANTED | {"expected": FATIMAH}, headers=KEY)

    assert again.status == 201
    assert expected(world, again.json["id"]) == [FATIMAH]


def test_an_abandoned_reservation_leaves_nothing_of_the_person(world: World) -> None:
    crash(world)
    (row,) = world.stored.rows()
    world.clock.advance(schedule.RESERVATION_SECONDS + 1)

    world.sweep_and_drain()

    assert world.stored.row(row["id"])["reason_code"] == "link_not_created"
    assert world.stored.expected() == []


class Crash(BaseException):
    """The end of the process."""


def crash(world: World) -> None:
    def die() -> None:
        raise Crash

    world.aws.before_call(4, die)
    with pytest.raises(Crash):
        world.functions.api("POST", "/verifications", WANTED | {"expected": AMINAH}, headers=KEY)
    assert len(world.stored.expected()) == 1
