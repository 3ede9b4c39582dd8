"""The person that the caller expects is stored, compared once with the document, erased, and never quoted."""

from typing import Any

import pytest

from bridge.domain.identity import Identity
from bridge.observability import EXPECTED_MISMATCH
from tests.integration.alarms import emitted
from tests.integration.expected_people import ALL_MATCH, AMINAH, FATIMAH, NONE_MATCHES, UNKNOWN, expected
from tests.integration.harness import World
from tests.integration.leaks import Output, leaked


def new_expecting(world: World, outcome: str | None, **expected: str) -> Any:
    return world.new(outcome, expected=Identity(**expected))


@pytest.mark.parametrize("trigger", ["returns", "refresh", "finalize"])
@pytest.mark.parametrize(("person", "matches"), [(AMINAH, ALL_MATCH), (FATIMAH, NONE_MATCHES)])
def test_every_completion_compares_and_erases_the_expected_person(
    world: World, trigger: str, person: dict[str, str], matches: dict[str, bool]
) -> None:
    verification = new_expecting(world, "verified", **person)
    assert "matches" not in world.read(verification)

    getattr(world, trigger)(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", matches)
    assert expected(world, verification.id) == []
    assert len(world.stored.results(verification.id)) == 1


def test_a_field_without_an_expectation_is_null(world: World) -> None:
    verification = new_expecting(world, "verified", id_number="A1234567")

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


@pytest.mark.parametrize("trigger", ["returns", "refresh", "finalize"])
def test_without_an_expected_person_no_extra_call_is_made(world: World, trigger: str) -> None:
    verification = world.new("verified")
    del world.aws.calls[:]

    getattr(world, trigger)(verification)

    assert "matches" not in world.read(verification)
    # The read above is the only one.
    assert world.aws.calls.count("dynamodb.GetItem") == 1
    assert "dynamodb.DeleteItem" not in world.aws.calls
    assert world.row(verification).keys().isdisjoint({"has_expected", "matches"})


@pytest.mark.parametrize(("person", "count"), [(AMINAH, 0), (FATIMAH, 1), ({"birthday": "1990-01-01"}, 0)])
def test_a_mismatch_is_counted_once_without_personal_data(
    world: World, output: Output, capsys: pytest.CaptureFixture[str], person: dict[str, str], count: int
) -> None:
    verification = new_expecting(world, "verified", **person)
    capsys.readouterr()

    world.returns(verification)
    world.refresh(verification)

    counted = [value for metric, value in emitted(capsys.readouterr().out).items() if metric.name == EXPECTED_MISMATCH]
    assert sum(counted) == count
    assert [line["verification_id"] for line in output.lines("expected_mismatch")] == [verification.id] * count
    assert leaked(output, person.values()) == []


def test_an_undecided_check_compares_nothing_and_erases_nothing(world: World) -> None:
    verification = new_expecting(world, "ocr_passed", **AMINAH)

    world.returns(verification)

    assert "matches" not in world.read(verification)
    assert expected(world, verification.id) == [AMINAH]


def test_an_expiry_has_null_matches_and_erases_the_expected_person(world: World) -> None:
    verification = new_expecting(world, "untouched", **AMINAH)
    world.clock.advance(3600)

    world.finalize(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("expired", UNKNOWN)
    assert expected(world, verification.id) == []


def test_a_rejection_before_its_last_check_keeps_the_expected_person(world: World) -> None:
    verification = new_expecting(world, "9102", **AMINAH)
    world.finalize(verification)
    assert world.read(verification)["status"] == "rejected"
    assert expected(world, verification.id) == [AMINAH]
    world.play(verification, "verified")
    world.clock.go_to(world.due_at(verification))

    world.sweep_and_drain()

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", ALL_MATCH)
    assert expected(world, verification.id) == []


def test_a_late_success_after_the_erasure_has_null_matches(world: World) -> None:
    verification = new_expecting(world, "9102", **FATIMAH)
    world.clock.advance(3600)
    world.finalize(verification)
    assert world.read(verification)["matches"]["name"] is False
    world.play(verification, "verified")
    world.clock.advance(60)

    world.refresh(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", UNKNOWN)


def test_giving_up_erases_the_expected_person(world: World) -> None:
    verification = new_expecting(world, None, **AMINAH)
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(world.deps.settings.give_up_after_seconds + 3600)

    world.finalize(verification)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("failed", UNKNOWN)
    assert expected(world, verification.id) == []


def test_a_record_of_another_token_is_not_compared(world: World) -> None:
    verification = new_expecting(world, "verified+other_token", **AMINAH)
    world.clock.advance(3600)

    for _ in range(3):
        world.finalize(verification)
        world.clock.advance(60)

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("failed", UNKNOWN)


@pytest.mark.parametrize("outcome", ["untouched", "verified"])
def test_a_redaction_erases_the_expected_person(world: World, outcome: str) -> None:
    verification = new_expecting(world, outcome, **AMINAH)
    world.returns(verification)

    document = world.redact(verification).json

    assert "matches" not in document
    assert world.stored.results(verification.id) == []
    assert world.row(verification).keys().isdisjoint({"has_expected", "matches"})


def test_a_failed_erasure_is_left_to_the_ttl(world: World) -> None:
    verification = new_expecting(world, "verified", **AMINAH)
    world.aws.refuse("dynamodb.DeleteItem")

    response = world.returns(verification)

    assert response.status == 303
    assert world.read(verification)["matches"] == ALL_MATCH
    (item,) = world.stored.expected()
    settings = world.deps.settings
    seconds = settings.link_lifetime_seconds + settings.give_up_after_seconds + 7 * 86400
    assert item["ttl"] == world.clock.epoch + seconds


def test_a_comparison_whose_read_fails_is_repeated(world: World) -> None:
    verification = new_expecting(world, "verified", **AMINAH)
    world.aws.refuse("dynamodb.GetItem")

    world.finalize(verification)
    assert world.row(verification)["status"] == "pending"
    world.clock.go_to(world.due_at(verification))
    world.sweep_and_drain()

    assert world.read(verification)["matches"] == ALL_MATCH
