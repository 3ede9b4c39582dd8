"""Whether the document belongs to the person that the caller expects: stored, compared once, erased, never quoted."""

import json
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.matching import Identity
from bridge.domain.verification import Verification
from bridge.observability import EXPECTED_MISMATCH
from tests.integration.alarms import emitted
from tests.integration.harness import WANTED, World
from tests.integration.leaks import Said, found
from tests.integration.test_start import end_link, opened

AMINAH = {"name": "Aminah Contoh", "id_number": "900101145555", "birthday": "1990-01-01"}
FATIMAH = {"name": "Fatimah Contoh", "id_number": "910202-14-6666", "birthday": "1991-02-02"}
ALL_MATCH = {"name": True, "id_number": True, "birthday": True}
NONE_MATCHES = {"name": False, "id_number": False, "birthday": False}
UNKNOWN = {"name": None, "id_number": None, "birthday": None}
KEY = {"Idempotency-Key": "order-17"}
VALID_FOR = 3 * 86400


def new(world: World, outcome: str | None, **expected: str) -> Any:
    return world.new(outcome, expected=Identity(**expected))


def expected(world: World, id: str) -> list[Any]:
    """What is still stored of the expected person."""
    return [fields for fields in map(json.loads, world.stored.results(id)) if "birthday" in fields]


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


@pytest.mark.parametrize("way", ["returns", "refresh", "finalize"])
@pytest.mark.parametrize(("person", "matches"), [(AMINAH, ALL_MATCH), (FATIMAH, NONE_MATCHES)])
def test_every_way_to_completion_compares_and_erases(
    world: World, way: str, person: dict[str, str], matches: dict[str, bool]
) -> None:
    verification = new(world, "verified", **person)
    assert "matches" not in world.read(verification)

    getattr(world, way)(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", matches)
    assert expected(world, verification.id) == []
    assert len(world.stored.results(verification.id)) == 1


def test_what_was_not_expected_is_null(world: World) -> None:
    verification = new(world, "verified", id_number="A1234567")

    world.returns(verification)

    assert world.read(verification)["matches"] == UNKNOWN | {"id_number": False}


def test_lists_have_the_matches_and_events_do_not(world: World) -> None:
    verification = world.new("verified", expected=Identity(**AMINAH), reference="customer-42")
    world.returns(verification)

    (listed,) = world.functions.api("GET", "/verifications", query={"reference": "customer-42"}).json["data"]
    events = world.functions.api("GET", f"/verifications/{verification.id}/events").text

    assert listed["matches"] == ALL_MATCH
    assert "matches" not in events
    assert "expected" not in events


@pytest.mark.parametrize("way", ["returns", "refresh", "finalize"])
def test_a_verification_that_expects_nobody_costs_no_call_more(world: World, way: str) -> None:
    verification = world.new("verified")
    del world.aws.calls[:]

    getattr(world, way)(verification)

    assert "matches" not in world.read(verification)
    # One read is the one above.
    assert world.aws.calls.count("dynamodb.GetItem") == 1
    assert "dynamodb.DeleteItem" not in world.aws.calls
    assert world.row(verification).keys().isdisjoint({"has_expected", "matches"})


@pytest.mark.parametrize(("person", "count"), [(AMINAH, 0), (FATIMAH, 1), ({"birthday": "1990-01-01"}, 0)])
def test_a_mismatch_is_counted_once_and_nobody_is_named(
    world: World, said: Said, capsys: pytest.CaptureFixture[str], person: dict[str, str], count: int
) -> None:
    verification = new(world, "verified", **person)
    capsys.readouterr()

    world.returns(verification)
    world.refresh(verification)

    counted = [value for metric, value in emitted(capsys.readouterr().out).items() if metric.name == EXPECTED_MISMATCH]
    assert sum(counted) == count
    assert found(said, person.values()) == []


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


def test_an_undecided_check_compares_nothing_and_erases_nothing(world: World) -> None:
    verification = new(world, "ocr_passed", **AMINAH)

    world.returns(verification)

    assert "matches" not in world.read(verification)
    assert expected(world, verification.id) == [AMINAH]


def test_a_person_who_never_began_matches_nothing_and_leaves_nothing(world: World) -> None:
    verification = new(world, "untouched", **AMINAH)
    world.clock.advance(3600)

    world.finalize(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("expired", UNKNOWN)
    assert expected(world, verification.id) == []


def test_a_rejection_that_is_checked_again_keeps_it_for_a_late_proof(world: World) -> None:
    verification = new(world, "9102", **AMINAH)
    world.finalize(verification)
    assert world.read(verification)["status"] == "rejected"
    assert expected(world, verification.id) == [AMINAH]
    world.play(verification, "verified")
    world.clock.go_to(world.due_at(verification))

    world.sweep_and_drain()

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", ALL_MATCH)
    assert expected(world, verification.id) == []


def test_a_proof_after_the_erasure_has_no_matches_of_an_earlier_record(world: World) -> None:
    verification = new(world, "9102", **FATIMAH)
    world.clock.advance(3600)
    world.finalize(verification)
    assert world.read(verification)["matches"]["name"] is False
    world.play(verification, "verified")
    world.clock.advance(60)

    world.refresh(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", UNKNOWN)


def test_giving_up_erases_it(world: World) -> None:
    verification = new(world, None, **AMINAH)
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(world.deps.settings.give_up_after + 3600)

    world.finalize(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("failed", UNKNOWN)
    assert expected(world, verification.id) == []


def test_a_record_of_another_token_is_compared_with_nobody(world: World) -> None:
    verification = new(world, "verified+other_token", **AMINAH)
    world.clock.advance(3600)

    for _ in range(3):
        world.finalize(verification)
        world.clock.advance(60)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("failed", UNKNOWN)


@pytest.mark.parametrize("outcome", ["untouched", "verified"])
def test_redaction_erases_it_with_the_rest(world: World, outcome: str) -> None:
    verification = new(world, outcome, **AMINAH)
    world.returns(verification)

    document = world.redact(verification).json

    assert "matches" not in document
    assert world.stored.results(verification.id) == []
    assert world.row(verification).keys().isdisjoint({"has_expected", "matches"})


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


def test_an_erasure_that_fails_is_left_to_the_ttl(world: World) -> None:
    verification = new(world, "verified", **AMINAH)
    world.aws.refuse("dynamodb.DeleteItem")

    response = world.returns(verification)

    assert response.status == 303
    assert world.read(verification)["matches"] == ALL_MATCH
    (item,) = world.stored.expected()
    settings = world.deps.settings
    assert item["ttl"] == world.clock.epoch + settings.link_lifetime + settings.give_up_after + 7 * 86400


def test_a_comparison_that_cannot_be_read_is_repeated(world: World) -> None:
    verification = new(world, "verified", **AMINAH)
    world.aws.refuse("dynamodb.GetItem")

    world.finalize(verification)
    assert world.row(verification)["status"] == "pending"
    world.clock.go_to(world.due_at(verification))
    world.sweep_and_drain()

    assert world.read(verification)["matches"] == ALL_MATCH


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=VALID_FOR, expected=Identity(**AMINAH))


def test_a_start_page_keeps_it_until_one_of_its_links_verifies(world: World, unopened: Verification) -> None:
    settings, stored = world.deps.settings, world.stored.expected()
    until = unopened.ends_at.timestamp() + settings.link_lifetime + settings.give_up_after + 7 * 86400
    assert [item["ttl"] for item in stored] == [int(until)]
    opened(world, unopened)
    assert "matches" not in end_link(world, unopened)
    world.vendor.play(opened(world, unopened), "verified")
    assert expected(world, unopened.id) == [AMINAH]

    world.returns(unopened)

    assert world.read(unopened)["matches"] == ALL_MATCH
    assert expected(world, unopened.id) == []


def test_a_start_page_that_nobody_opens_erases_it_at_the_end(world: World, unopened: Verification) -> None:
    world.clock.advance(VALID_FOR + schedule.AFTER_LINK)
    world.sweep_and_drain()

    document = world.read(unopened)
    assert (document["status"], document["matches"]) == ("expired", UNKNOWN)
    assert expected(world, unopened.id) == []


def test_a_proof_on_an_earlier_link_is_compared(world: World) -> None:
    verification = world.new(valid_for=VALID_FOR, expected=Identity(**FATIMAH))
    first = opened(world, verification)
    end_link(world, verification)
    world.vendor.play(first, "verified")
    world.vendor.play(opened(world, verification), "9102")
    world.returns(verification)
    assert expected(world, verification.id) == [FATIMAH]
    world.clock.advance(schedule.FOLLOW_UPS[0])
    world.sweep_and_drain()

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", NONE_MATCHES)
    assert expected(world, verification.id) == []
