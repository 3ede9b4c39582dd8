"""Create while DynamoDB fails or its responses are lost: the same request succeeds when it is repeated."""

import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from bridge.domain import schedule
from tests.integration.harness import World


@pytest.mark.parametrize("write", ["PutItem", "UpdateItem"])
def test_a_lost_response_is_retried_and_the_request_succeeds(world: World, write: str) -> None:
    lost = lose_one_response(world.aws.client("dynamodb"), write)

    response = world.functions.create_with_key()

    assert lost == [write]
    assert response.status == 201
    assert world.vendor.calls()["create"] == 1
    (row,) = world.stored.rows()
    assert (row["sequence"], row["token"]) == (1, response.json["token"])
    assert world.functions.create_with_key().headers["idempotent-replayed"] == "true"


def lose_one_response(client: Any, operation: str) -> list[str]:
    """Drops the response to the next such request, which DynamoDB has executed; the client sends it again."""
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


def test_a_reservation_with_a_lost_response_can_be_repeated_after_its_lease(world: World) -> None:
    world.aws.lose_response("dynamodb.PutItem")

    first = world.functions.create_with_key()

    assert (first.status, first.json["code"]) == (503, "storage_unavailable")
    assert world.vendor.calls()["create"] == 0
    assert world.functions.create_with_key().status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert world.functions.create_with_key().status == 201
    assert len(world.stored.rows()) == 1


def test_a_commit_with_a_lost_response_is_replayed_by_the_next_request(world: World) -> None:
    world.aws.before_call(4, lambda: world.aws.lose_response("dynamodb.UpdateItem"))

    first, again = world.functions.create_with_key(), world.functions.create_with_key()

    assert (first.status, first.json["code"], first.headers["retry-after"]) == (503, "storage_unavailable", "5")
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert world.vendor.calls()["create"] == 1
    assert again.json["token"] == world.vendor.tokens()[0]


def test_after_a_failed_commit_the_request_succeeds_once_the_lease_ends(world: World) -> None:
    world.aws.before_call(4, lambda: world.aws.refuse("dynamodb.UpdateItem"))

    assert world.functions.create_with_key().status == 503
    assert world.functions.create_with_key().status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert world.functions.create_with_key().status == 201
    (row,) = world.stored.rows()
    assert row["sequence"] == 1


def test_a_reservation_that_is_not_released_ends_with_its_lease(world: World) -> None:
    world.vendor.fault("500", on="create")
    world.aws.refuse("dynamodb.DeleteItem")

    assert world.functions.create_with_key().json["code"] == "vendor_unavailable"
    assert world.functions.create_with_key().status == 409
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert world.functions.create_with_key().status == 201
