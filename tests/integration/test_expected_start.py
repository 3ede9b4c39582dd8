"""A verification with a start page keeps the expected person as long as one of its links can verify."""

import pytest

from bridge.domain import schedule
from bridge.domain.identity import Identity
from bridge.domain.verification import Verification
from tests.integration.expected_people import ALL_MATCH, AMINAH, FATIMAH, NONE_MATCHES, UNKNOWN, expected
from tests.integration.harness import World
from tests.integration.start_pages import end_link, make_link

VALID_FOR = 3 * 86400


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=VALID_FOR, expected=Identity(**AMINAH))


def test_the_expected_person_is_kept_until_a_link_verifies(world: World, unopened: Verification) -> None:
    settings, stored = world.deps.settings, world.stored.expected()
    until = unopened.ends_at.timestamp() + settings.link_lifetime_seconds + settings.give_up_after_seconds + 7 * 86400
    assert [item["ttl"] for item in stored] == [int(until)]
    make_link(world, unopened)
    assert "matches" not in end_link(world, unopened)
    world.vendor.play(make_link(world, unopened), "verified")
    assert expected(world, unopened.id) == [AMINAH]

    world.returns(unopened)

    assert world.read(unopened)["matches"] == ALL_MATCH
    assert expected(world, unopened.id) == []


def test_an_unopened_start_page_erases_the_expected_person_at_its_end(world: World, unopened: Verification) -> None:
    world.clock.advance(VALID_FOR + schedule.AFTER_LINK_SECONDS)
    world.sweep_and_drain()

    document = world.read(unopened)
    assert (document["status"], document["matches"]) == ("expired", UNKNOWN)
    assert expected(world, unopened.id) == []


def test_a_success_on_an_earlier_link_is_compared(world: World) -> None:
    verification = world.new(valid_for=VALID_FOR, expected=Identity(**FATIMAH))
    first = make_link(world, verification)
    end_link(world, verification)
    world.vendor.play(first, "verified")
    world.vendor.play(make_link(world, verification), "9102")
    world.returns(verification)
    assert expected(world, verification.id) == [FATIMAH]
    world.clock.advance(schedule.FOLLOW_UP_SECONDS[0])
    world.sweep_and_drain()

    document = world.read(verification)
    assert (document["status"], document["matches"]) == ("verified", NONE_MATCHES)
    assert expected(world, verification.id) == []
