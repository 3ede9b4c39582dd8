"""Links that the start page makes: `"link": "on_open"`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.links import DEFAULT_VALID_FOR, MAX_LINKS
from bridge.domain.verification import Verification
from tests.integration.harness import WANTED, Response, World

ON_OPEN = WANTED | {"link": "on_open"}
LIFETIME = 900
# After this long, a scheduled check has ended a link that was used.
ENDED = LIFETIME + schedule.LATE_RESULT
DAY = 86400


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=DEFAULT_VALID_FOR)


def path(verification: Verification) -> str:
    return f"/start/{verification.id}/{verification.code}"


def tap(world: World, verification: Verification) -> Response:
    return world.functions.browser(path(verification), method="POST")


def opened(world: World, verification: Verification) -> str:
    """Taps the button; returns the token of the link that the person is sent to."""
    response = tap(world, verification)
    token = world.row(verification)["token"]
    assert (response.status, token in response.headers["location"]) == (303, True)
    return str(token)


def end_link(world: World, verification: Verification) -> dict[str, Any]:
    """The current link's time passes; returns the verification."""
    world.clock.advance(ENDED)
    world.check(verification)
    document: dict[str, Any] = world.read(verification)
    return document


def test_no_link_is_made_before_the_person_asks_for_it(world: World) -> None:
    response = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": 3 * DAY})

    created = response.json
    assert (response.status, created["status"], created["sequence"]) == (201, "pending", 1)
    assert created["start_url"] == created["status_url"].replace("/status/", "/start/")
    assert created["expires_at"] == "2026-02-03T08:00:00.000Z"
    assert (created["link"], created["links"], "url" in created) == ("on_open", [], False)
    _, _, start = created["start_url"].partition("/start/")
    assert world.functions.browser(f"/start/{start}").status == 200
    assert (world.vendor.calls()["create"], world.vendor.calls()["get"]) == (0, 0)


def test_the_same_key_returns_the_same_start_url_and_another_valid_for_is_another_request(world: World) -> None:
    key = {"Idempotency-Key": "mail-17"}
    first = world.functions.api("POST", "/verifications", ON_OPEN, headers=key)
    again = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": DEFAULT_VALID_FOR}, headers=key)
    # JSON Schema's integers have 604800.0 among them.
    as_float = world.functions.api(
        "POST", "/verifications", ON_OPEN | {"valid_for": float(DEFAULT_VALID_FOR)}, headers=key
    )
    other = world.functions.api("POST", "/verifications", ON_OPEN | {"valid_for": DAY}, headers=key)
    at_once = world.functions.api("POST", "/verifications", WANTED, headers=key)

    assert (again.status, again.json) == (as_float.status, as_float.json) == (201, first.json)
    assert (other.status, at_once.status) == (422, 422)


def test_the_button_makes_the_link_and_every_later_tap_continues_there(world: World, unopened: Verification) -> None:
    token = opened(world, unopened)
    assert opened(world, unopened) == token

    document = world.read(unopened)
    assert document["token"] == token
    assert (document["status"], document["sequence"]) == ("pending", 1)
    link = {"created_at": "2026-01-31T08:00:00.000Z", "expires_at": "2026-01-31T08:15:00.000Z", "outcome": None}
    assert document["links"] == [link]
    assert world.vendor.calls()["create"] == 1
    assert world.due_at(unopened) == world.clock.epoch + schedule.FIRST_CHECK


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


def test_after_a_link_that_ended_unfinished_the_page_makes_a_fresh_one_three_in_all(
    world: World, unopened: Verification
) -> None:
    tokens = [opened(world, unopened)]
    for _ in range(MAX_LINKS - 1):
        document = end_link(world, unopened)
        assert (document["status"], document["reason"], "url" in document) == ("pending", None, False)
        tokens.append(opened(world, unopened))
    document = end_link(world, unopened)

    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    assert [link["outcome"] for link in document["links"]] == ["not_started"] * MAX_LINKS
    assert len(set(tokens)) == world.vendor.calls()["create"] == MAX_LINKS
    assert tap(world, unopened).headers["location"].endswith(path(unopened))
    stored = world.row(unopened)
    assert [link["token"] for link in stored["ended_links"]] == tokens[:-1]
    assert unopened.id not in world.stored.due()


@pytest.mark.parametrize(
    ("outcome", "link_outcome"),
    [("ocr_passed", "abandoned"), ("InvalidParameter", "vendor_error")],
    ids=["begun", "machinery"],
)
def test_what_began_on_an_ended_link_stays_and_a_fresh_one_can_verify(
    world: World, unopened: Verification, outcome: str, link_outcome: str
) -> None:
    first = opened(world, unopened)
    world.vendor.play(first, outcome)
    world.returns(unopened)
    document = end_link(world, unopened)
    assert (document["status"], document["links"][0]["outcome"]) == ("processing", link_outcome)

    world.vendor.play(opened(world, unopened), "verified")
    returned = world.returns(unopened)

    assert "status=verified" in returned.headers["location"]
    history = [entry["status"] for entry in world.row(unopened)["history"]]
    assert history == ["pending", "processing", "verified"]


def test_a_rejection_is_final(world: World, unopened: Verification) -> None:
    world.vendor.play(opened(world, unopened), "9102")
    world.returns(unopened)

    assert world.read(unopened)["status"] == "rejected"
    assert tap(world, unopened).headers["location"].endswith(path(unopened))
    assert world.vendor.calls()["create"] == 1


def test_a_proof_on_an_earlier_link_counts(world: World, unopened: Verification) -> None:
    first = opened(world, unopened)
    end_link(world, unopened)
    world.vendor.play(first, "verified")
    for _ in range(MAX_LINKS - 1):
        opened(world, unopened)
        end_link(world, unopened)

    document = world.read(unopened)
    assert document["status"] == "verified"
    assert [link["outcome"] for link in document["links"]] == ["not_started"] * MAX_LINKS
    assert world.read_result(unopened).json["result"]["token"] == first


def test_nobody_opens_it_and_it_expires_without_a_vendor_call(world: World, unopened: Verification) -> None:
    world.clock.advance(DEFAULT_VALID_FOR - 1)
    assert world.sweep_and_drain() == 0
    world.clock.advance(1 + schedule.AFTER_LINK)
    assert world.sweep_and_drain() == 1

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"], document["sequence"]) == ("expired", "not_started", 2)
    assert unopened.id not in world.stored.due()
    calls = world.vendor.calls()
    assert (calls["create"], calls["get"]) == (0, 0)
    assert tap(world, unopened).status == 303


def test_an_ended_link_is_not_the_end_until_the_time_for_another_is_over(world: World, unopened: Verification) -> None:
    world.vendor.play(opened(world, unopened), "ocr_passed")
    end_link(world, unopened)
    world.clock.advance(DEFAULT_VALID_FOR - ENDED + schedule.AFTER_LINK)
    assert world.sweep_and_drain() == 1

    document = world.read(unopened)
    assert (document["status"], document["reason"]["code"]) == ("expired", "abandoned")


@pytest.mark.parametrize(("fault", "status"), [("503", 503), ("422", 502), ("html", 502)])
def test_a_vendor_that_fails_leaves_the_page_ready_for_the_next_tap(
    world: World, unopened: Verification, fault: str, status: int
) -> None:
    world.vendor.fault(fault, on="create", times=3)
    response = tap(world, unopened)
    assert (response.status, int(response.headers["refresh"]) > 0) == (status, True)

    world.vendor.clear_faults()
    opened(world, unopened)


def test_a_lease_whose_response_is_lost_ends_after_half_a_minute(world: World, unopened: Verification) -> None:
    world.aws.lose_response("dynamodb.UpdateItem")
    assert tap(world, unopened).status == 503
    assert tap(world, unopened).headers["location"].endswith(path(unopened))
    world.clock.advance(schedule.LEASE_SECONDS + 1)

    opened(world, unopened)

    assert world.vendor.calls()["create"] == 1


def test_a_link_whose_commit_was_lost_is_there_at_the_next_tap(world: World, unopened: Verification) -> None:
    world.aws.before_next("secretsmanager.GetSecretValue", lambda: world.aws.lose_response("dynamodb.UpdateItem"))
    assert tap(world, unopened).status == 503

    opened(world, unopened)

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
def test_a_wrong_link_is_refused_with_its_pointer(world: World, body: dict[str, Any], pointer: str) -> None:
    response = world.functions.api("POST", "/verifications", WANTED | body)

    assert response.status == 400
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert world.stored.rows() == []
