"""The start page makes the links of a verification with `"link": "on_open"`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.links import DEFAULT_VALID_FOR, MAX_LINKS
from bridge.domain.verification import Verification
from tests.integration.functions import CREATE_BODY, Response
from tests.integration.harness import World
from tests.integration.start_pages import ENDED, end_link, make_link, start_path, tap

ON_OPEN = CREATE_BODY | {"link": "on_open"}
DAY = 86400


def test_no_link_is_made_before_the_person_taps(world: World) -> None:
    response = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": 3 * DAY})

    created = response.json
    assert (response.status, created["status"], created["sequence"]) == (201, "pending", 1)
    assert created["start_url"] == created["status_url"].replace("/status/", "/start/")
    assert created["expires_at"] == "2026-02-03T08:00:00.000Z"
    assert (created["link"], created["links"], "url" in created) == ("on_open", [], False)
    _, _, start = created["start_url"].partition("/start/")
    assert world.functions.browser(f"/start/{start}").status == 200
    assert (world.vendor.calls()["create"], world.vendor.calls()["get"]) == (0, 0)


def test_a_replay_returns_the_same_start_url_unless_valid_for_differs(world: World) -> None:
    key = {"Idempotency-Key": "mail-17"}
    first = world.functions.api("POST", "/verifications", ON_OPEN, headers=key)
    again = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": DEFAULT_VALID_FOR}, headers=key)
    # In JSON Schema 604800.0 is an integer.
    as_float = world.functions.api(
        "POST", "/verifications", ON_OPEN | {"valid_for": float(DEFAULT_VALID_FOR)}, headers=key
    )
    other = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": DAY}, headers=key)
    at_once = world.functions.api("POST", "/verifications", CREATE_BODY, headers=key)

    assert (again.status, again.json) == (as_float.status, as_float.json) == (201, first.json)
    assert (other.status, at_once.status) == (422, 422)


def test_the_first_tap_makes_the_link_and_later_taps_reuse_it(world: World, unopened: Verification) -> None:
    token = make_link(world, unopened)
    assert make_link(world, unopened) == token

    document = world.read(unopened)
    assert document["token"] == token
    assert (document["status"], document["sequence"]) == ("pending", 1)
    link = {"created_at": "2026-01-31T08:00:00.000Z", "expires_at": "2026-01-31T08:15:00.000Z", "outcome": None}
    assert document["links"] == [link]
    assert world.vendor.calls()["create"] == 1
    assert world.due_at(unopened) == world.clock.epoch + schedule.FIRST_CHECK_SECONDS


def test_parallel_taps_make_one_link(world: World, unopened: Verification) -> None:
    with ThreadPoolExecutor(8) as taps:
        together = threading.Barrier(8)

        def at_once(_: int) -> Response:
            together.wait()
            return tap(world, unopened)

        responses = list(taps.map(at_once, range(8)))

    assert {response.status for response in responses} == {303}
    assert world.vendor.calls()["create"] == 1
    document = world.read(unopened)
    assert {response.headers["location"] for response in responses} <= {document["url"], document["start_url"]}


def test_unfinished_links_are_replaced_up_to_three_links(world: World, unopened: Verification) -> None:
    tokens = [make_link(world, unopened)]
    for _ in range(MAX_LINKS - 1):
        document = end_link(world, unopened)
        assert (document["status"], document["reason"], "url" in document) == ("pending", None, False)
        tokens.append(make_link(world, unopened))
    document = end_link(world, unopened)

    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    assert [link["outcome"] for link in document["links"]] == ["not_started"] * MAX_LINKS
    assert len(set(tokens)) == world.vendor.calls()["create"] == MAX_LINKS
    assert tap(world, unopened).headers["location"].endswith(start_path(unopened))
    stored = world.row(unopened)
    assert [link["token"] for link in stored["ended_links"]] == tokens[:-1]
    assert unopened.id not in world.stored.due()


@pytest.mark.parametrize(
    ("outcome", "link_outcome"),
    [("ocr_passed", "abandoned"), ("InvalidParameter", "vendor_error")],
    ids=["begun", "machinery"],
)
def test_processing_survives_an_ended_link_and_a_new_link_can_verify(
    world: World, unopened: Verification, outcome: str, link_outcome: str
) -> None:
    first = make_link(world, unopened)
    world.vendor.play(first, outcome)
    world.returns(unopened)
    document = end_link(world, unopened)
    assert (document["status"], document["links"][0]["outcome"]) == ("processing", link_outcome)

    world.vendor.play(make_link(world, unopened), "verified")
    returned = world.returns(unopened)

    assert "status=verified" in returned.headers["location"]
    history = [entry["status"] for entry in world.row(unopened)["history"]]
    assert history == ["pending", "processing", "verified"]


def test_a_rejection_is_final(world: World, unopened: Verification) -> None:
    world.vendor.play(make_link(world, unopened), "9102")
    world.returns(unopened)

    assert world.read(unopened)["status"] == "rejected"
    assert tap(world, unopened).headers["location"].endswith(start_path(unopened))
    assert world.vendor.calls()["create"] == 1


def test_a_success_on_an_earlier_link_verifies(world: World, unopened: Verification) -> None:
    first = make_link(world, unopened)
    end_link(world, unopened)
    world.vendor.play(first, "verified")
    for _ in range(MAX_LINKS - 1):
        make_link(world, unopened)
        end_link(world, unopened)

    document = world.read(unopened)
    assert document["status"] == "verified"
    assert [link["outcome"] for link in document["links"]] == ["not_started"] * MAX_LINKS
    assert world.read_result(unopened).json["result"]["token"] == first


def test_an_unopened_verification_expires_without_a_vendor_call(world: World, unopened: Verification) -> None:
    world.clock.advance(DEFAULT_VALID_FOR - 1)
    assert world.sweep_and_drain() == 0
    world.clock.advance(1 + schedule.AFTER_LINK_SECONDS)
    assert world.sweep_and_drain() == 1

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"], document["sequence"]) == ("expired", "not_started", 2)
    assert unopened.id not in world.stored.due()
    calls = world.vendor.calls()
    assert (calls["create"], calls["get"]) == (0, 0)
    assert tap(world, unopened).status == 303


def test_an_ended_link_is_final_only_after_valid_until(world: World, unopened: Verification) -> None:
    world.vendor.play(make_link(world, unopened), "ocr_passed")
    end_link(world, unopened)
    world.clock.advance(DEFAULT_VALID_FOR - ENDED + schedule.AFTER_LINK_SECONDS)
    assert world.sweep_and_drain() == 1

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ("expired", "abandoned")


@pytest.mark.parametrize(("fault", "status"), [("503", 503), ("422", 502), ("html", 502)])
def test_after_a_vendor_failure_the_next_tap_makes_a_link(
    world: World, unopened: Verification, fault: str, status: int
) -> None:
    world.vendor.fault(fault, on="create", times=3)
    response = tap(world, unopened)
    assert (response.status, int(response.headers["refresh"]) > 0) == (status, True)

    world.vendor.clear_faults()
    make_link(world, unopened)


def test_a_lease_with_a_lost_response_ends_after_30_s(world: World, unopened: Verification) -> None:
    world.aws.lose_response("dynamodb.UpdateItem")
    assert tap(world, unopened).status == 503
    assert tap(world, unopened).headers["location"].endswith(start_path(unopened))
    world.clock.advance(schedule.LEASE_SECONDS + 1)

    make_link(world, unopened)

    assert world.vendor.calls()["create"] == 1


def test_a_link_with_a_lost_commit_response_is_used_by_the_next_tap(world: World, unopened: Verification) -> None:
    world.aws.before_next("secretsmanager.GetSecretValue", lambda: world.aws.lose_response("dynamodb.UpdateItem"))
    assert tap(world, unopened).status == 503

    make_link(world, unopened)

    assert world.vendor.calls()["create"] == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"link": "later"}, "#/link"),
        ({"link": None}, "#/link"),
        ({"link": "on_open", "valid_for": 59}, "#/valid_for"),
        ({"link": "on_open", "valid_for": 30 * DAY + 1}, "#/valid_for"),
        ({"link": "on_open", "valid_for": True}, "#/valid_for"),
        ({"link": "on_open", "valid_for": 600.5}, "#/valid_for"),
        ({"link": "on_open", "valid_for": "600"}, "#/valid_for"),
        ({"link": "now", "valid_for": 600}, "#/valid_for"),
        ({"valid_for": 600}, "#/valid_for"),
    ],
)
def test_invalid_link_fields_are_rejected_with_their_pointer(world: World, body: dict[str, Any], pointer: str) -> None:
    response = world.functions.api("POST", "/verifications", CREATE_BODY | body)

    assert response.status == 400
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert world.stored.rows() == []
