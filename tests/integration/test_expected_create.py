"""Create stores the expected person first, and no fault or crash leaves it behind."""

import json
from typing import Any

import pytest

from bridge.domain import schedule
from tests.integration.expected_people import AMINAH, FATIMAH, expected
from tests.integration.functions import CREATE_BODY, KEY_HEADER
from tests.integration.harness import World
from tests.integration.leaks import Output, leaked


def test_the_expected_person_is_stored_outside_the_row_before_the_vendor_call(world: World) -> None:
    response = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": AMINAH})

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


def test_no_log_or_error_quotes_the_expected_person(world: World, output: Output) -> None:
    canary = "canary of a person"
    for person in ({"name": canary}, {"id_number": canary}, {"birthday": canary}, {"name": [canary]}, canary):
        response = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": person})
        output.errors += response.text if response.status >= 300 else ""
    world.vendor.fault("500", on="create", times=None)
    for call in ("dynamodb.PutItem", "dynamodb.DeleteItem"):
        world.aws.deny(call)
        output.errors += world.functions.api(
            "POST", "/verifications", CREATE_BODY | {"expected": {"name": canary}}
        ).text

    assert leaked(output, [canary]) == []


def test_the_same_key_with_another_person_is_a_replay_of_the_first(world: World) -> None:
    first = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": AMINAH}, headers=KEY_HEADER)
    again = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": FATIMAH}, headers=KEY_HEADER)

    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert expected(world, first.json["id"]) == [AMINAH]


def test_a_vendor_fault_leaves_no_expected_person(world: World) -> None:
    world.vendor.fault("500", on="create", times=None)

    response = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": AMINAH})

    assert (response.status, response.json["code"]) == (503, "vendor_unavailable")
    assert world.stored.rows() == world.stored.expected() == []


def test_without_storing_the_expected_person_nothing_is_created(world: World) -> None:
    world.aws.before_next("dynamodb.PutItem", lambda: world.aws.before_next("dynamodb.PutItem", refuse(world)))

    response = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": AMINAH})

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
    assert world.vendor.calls()["create"] == 0
    assert world.stored.rows() == []


def refuse(world: World) -> Any:
    return lambda: world.aws.refuse("dynamodb.PutItem")


def test_a_retry_after_a_crash_uses_the_person_of_the_retry(world: World) -> None:
    crash(world)
    world.clock.advance(schedule.LEASE_SECONDS + 1)

    again = world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": FATIMAH}, headers=KEY_HEADER)

    assert again.status == 201
    assert expected(world, again.json["id"]) == [FATIMAH]


def test_an_abandoned_reservation_leaves_no_expected_person(world: World) -> None:
    crash(world)
    (row,) = world.stored.rows()
    world.clock.advance(schedule.RESERVATION_SECONDS + 1)

    world.sweep_and_drain()

    assert world.stored.row(row["id"])["reason_code"] == "link_not_created"
    assert world.stored.expected() == []


class Crash(BaseException):
    """Stands for the end of the process."""


def crash(world: World) -> None:
    def end() -> None:
        raise Crash

    world.aws.before_call(4, end)
    with pytest.raises(Crash):
        world.functions.api("POST", "/verifications", CREATE_BODY | {"expected": AMINAH}, headers=KEY_HEADER)
    assert len(world.stored.expected()) == 1
