"""Reserve → vendor → commit, while DynamoDB fails: the same request ends well when it is sent again."""

import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from bridge.domain import schedule
from tests.integration.harness import WANTED, Functions, Response, World

KEY = {"Idempotency-Key": "order-17"}


def post(functions: Functions) -> Response:
    return functions.api("POST", "/verifications", WANTED | {"reference": "r"}, headers=KEY)


@pytest.mark.parametrize("write", ["PutItem", "UpdateItem"])
def test_a_lost_response_is_retried_and_the_request_succeeds(world: World, write: str) -> None:
    lost = lose_one_answer(world.aws.client("dynamodb"), write)

    response = post(world.functions)

    assert lost == [write]
    assert response.status == 201
    assert world.vendor.calls()["create"] == 1
    (row,) = world.stored.rows()
    assert (row["sequence"], row["token"]) == (1, response.json["token"])
    assert post(world.functions).headers["idempotent-replayed"] == "true"


def lose_one_answer(client: Any, operation: str) -> list[str]:
    """The next such request is done by the server, and its response never arrives; the client then sends it again."""
    lost: list[str] = []

    def send_and_lose(request: Any, **_: Any) -> None:
        if not lost:
            lost.append(operation)
            with urllib.request.urlopen(
                urllib.request.Request(request.url, request.body, dict(request.headers), method=request.method)
            ):
                raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register(f"before-send.dynamodb.{operation}", send_and_lose)
    return lost


def test_a_reservation_without_any_response_can_be_requested_again_after_its_lease(world: World) -> None:
    world.aws.lose_response("dynamodb.PutItem")

    first = post(world.functions)

    assert (first.status, first.json["code"]) == (503, "storage_unavailable")
    assert world.vendor.calls()["create"] == 0
    assert post(world.functions).status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert post(world.functions).status == 201
    assert len(world.stored.rows()) == 1


def test_a_commit_without_any_response_is_replayed_by_the_next_request(world: World) -> None:
    world.aws.before_call(4, lambda: world.aws.lose_response("dynamodb.UpdateItem"))

    first, again = post(world.functions), post(world.functions)

    assert (first.status, first.json["code"], first.headers["retry-after"]) == (503, "storage_unavailable", "5")
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert world.vendor.calls()["create"] == 1
    assert again.json["token"] == world.vendor.tokens()[0]


def test_when_the_commit_cannot_be_written_the_request_ends_well_after_the_lease(world: World) -> None:
    world.aws.before_call(4, lambda: world.aws.refuse("dynamodb.UpdateItem"))

    assert post(world.functions).status == 503
    assert post(world.functions).status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert post(world.functions).status == 201
    (row,) = world.stored.rows()
    assert row["sequence"] == 1


def test_a_reservation_that_cannot_be_released_runs_out_by_itself(world: World) -> None:
    world.vendor.fault("500", on="create")
    world.aws.refuse("dynamodb.DeleteItem")

    assert post(world.functions).json["code"] == "vendor_unavailable"
    assert post(world.functions).status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert post(world.functions).status == 201
