"""All other routes for a verification with a start page: before, between and after its links."""

import json
import re
from datetime import timedelta

import pytest

from bridge.domain import schedule
from bridge.domain.caller import READ, READ_ALL
from bridge.domain.errors import NotFound
from bridge.domain.verification import Verification, timestamp
from bridge.use_cases.start import read_start
from tests import pages
from tests.integration.harness import World, return_path
from tests.integration.start_pages import end_link, make_link, tap

VALID_FOR = 3 * 86400


@pytest.fixture
def unopened(world: World) -> Verification:
    return world.new(valid_for=VALID_FOR, reference="customer-42")


def test_all_reads_of_an_unopened_verification_agree_without_a_vendor_call(
    world: World, unopened: Verification
) -> None:
    document = world.read(unopened)
    by_time = {"created_after": timestamp(unopened.created_at - timedelta(seconds=1)), "status": "pending"}
    world.clock.advance(1)

    for query in ({"reference": "customer-42"}, by_time):
        assert world.functions.api("GET", "/verifications", query=query).json["data"] == [document]
    backend = world.functions.api("GET", f"/verifications/{unopened.id}", principal="b", scopes=[READ, READ_ALL])
    assert backend.json == document | {"principal": unopened.principal}
    assert world.functions.api("GET", f"/verifications/{unopened.id}", principal="b", scopes=[READ]).status == 404
    assert world.read_result(unopened).json == document | {"result": None}
    assert world.refresh(unopened).json == document
    assert world.stored.audit_entries(unopened.id) == []
    assert (document["status"], document["reference"]) == ("pending", "customer-42")
    assert (world.vendor.calls()["create"], world.vendor.calls()["get"]) == (0, 0)


def test_the_public_status_follows_the_links(world: World, unopened: Verification) -> None:
    def status() -> tuple[str, str | None, str | None]:
        response = world.functions.browser(f"/status/{unopened.id}/{unopened.code}")
        assert response.json.keys() == {"id", "status", "reason", "updated_at"}
        return response.json["status"], response.json["reason"], response.headers.get("retry-after")

    assert status() == ("pending", None, "10")
    world.vendor.play(make_link(world, unopened), "ocr_passed")
    assert status() == ("pending", None, "10")
    world.returns(unopened)
    assert status() == ("processing", None, "3")
    end_link(world, unopened)
    assert status() == ("processing", None, "10")
    world.vendor.play(make_link(world, unopened), "ocr_passed")
    assert status() == ("processing", None, "3")
    world.vendor.play(make_link(world, unopened), "verified")
    world.returns(unopened)
    assert status() == ("verified", None, None)


def test_a_read_between_two_links_matches_the_example_in_the_docs(world: World, unopened: Verification) -> None:
    world.clock.advance(3600)
    world.vendor.play(make_link(world, unopened), "ocr_passed")
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.check(unopened)
    document = end_link(world, unopened)

    example = json.loads(pages.code(pages.read("docs/api.md").partition("**Between two links**")[2], "json")[0])
    own = ("id", "redirect_url", "status_url", "start_url")
    assert list(example) == list(document)
    assert {name: example[name] for name in example if name not in own} == {
        name: document[name] for name in document if name not in own
    }
    assert re.search(rf"/start/{unopened.id}/", document["start_url"])


def test_the_status_between_two_links_shows_whether_the_person_returned(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    world.returns(unopened)
    assert world.read(unopened)["reason"]["code"] == "not_begun"
    document = end_link(world, unopened)

    assert (document["status"], document["reason"]) == ("processing", None)
    assert [link["outcome"] for link in document["links"]] == ["not_started"]


def test_a_return_or_refresh_without_a_link_changes_nothing(world: World, unopened: Verification) -> None:
    before = world.row(unopened)
    assert "status=pending" in world.functions.browser(return_path(unopened)).headers["location"]
    assert world.refresh(unopened).status == 200
    assert world.row(unopened) == before


@pytest.mark.parametrize("links", [0, 1, 2])
def test_a_redaction_before_or_between_links_removes_the_start_page(
    world: World, unopened: Verification, links: int
) -> None:
    tokens = []
    for _ in range(links):
        tokens.append(make_link(world, unopened))
        end_link(world, unopened)

    document = world.redact(unopened).json

    assert (document["status"], document["reason"]["code"], document["start_url"]) == ("expired", "redacted", None)
    assert (document["links"], document["sequence"]) == ([], 2)
    row = json.dumps(world.row(unopened), default=str)
    assert not [each for each in (*tokens, unopened.code, "customer-42") if str(each) in row]
    assert tap(world, unopened).status == 404
    with pytest.raises(NotFound):
        read_start(world.deps, unopened.id, str(unopened.code))
    assert world.functions.api("GET", "/verifications", query={"reference": "customer-42"}).json["data"] == []
    assert [entry["action"] for entry in world.stored.audit_entries(unopened.id)] == ["redacted"]
    # It is due once more, to erase late evidence; no check and no expiry follow.
    world.clock.advance(schedule.LATE_ERASURE_SECONDS)
    assert world.sweep_and_drain() == 1
    world.clock.advance(VALID_FOR + schedule.AFTER_LINK_SECONDS)
    assert world.sweep_and_drain() == 0
    assert world.read(unopened) == document
    assert world.vendor.calls()["create"] == links


def test_the_result_of_a_later_link_is_read_and_audited(world: World, unopened: Verification) -> None:
    make_link(world, unopened)
    end_link(world, unopened)
    token = make_link(world, unopened)
    world.vendor.play(token, "verified")
    world.returns(unopened)

    assert world.read_result(unopened).json["result"]["token"] == token
    assert [entry["action"] for entry in world.stored.audit_entries(unopened.id)] == ["result_read"]
