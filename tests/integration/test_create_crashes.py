"""Create if the function crashes between reserve, vendor and commit: nothing is lost."""

import pytest

from bridge.cli import replay
from bridge.domain import schedule
from bridge.domain.errors import NotFound
from bridge.domain.verification import LinkRequest
from bridge.use_cases.status import read_status
from bridge.vendor.client import Link, Permit, Vendor
from tests.integration.functions import CREATE_BODY, KEY_HEADER
from tests.integration.harness import World, no_limit
from tests.integration.leaks import Output
from tests.sandbox.events import queue_event, queue_message
from tests.sandbox.functions import FunctionError


class CrashingVendor:
    """A vendor at whose call the function crashes; with `made`, after the vendor has made the link."""

    def __init__(self, vendor: Vendor, *, made: bool) -> None:
        self._vendor = vendor
        self._made = made

    def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        if self._made:
            self._vendor.create_link(request, return_url, permit=permit)
        raise RuntimeError("crashed")


@pytest.fixture(params=[False, True], ids=["before_the_vendor", "after_the_vendor"])
def crashed(world: World, request: pytest.FixtureRequest) -> None:
    """A create that crashed after it had reserved. The vendor works again."""
    vendor = world.deps.vendor
    vars(world.deps)["vendor"] = CrashingVendor(vendor, made=request.param)
    with pytest.raises(FunctionError):
        world.functions.create_with_key()
    vars(world.deps)["vendor"] = vendor


@pytest.mark.usefixtures("crashed")
def test_an_abandoned_reservation_is_visible_to_nobody(world: World) -> None:
    (row,) = world.stored.rows()

    assert row["sequence"] == 0
    assert world.functions.api("GET", f"/verifications/{row['id']}").status == 404
    assert world.functions.api("POST", f"/verifications/{row['id']}/redact").status == 404
    assert world.functions.api("GET", "/verifications", query={"reference": "r"}).json["data"] == []
    assert world.functions.browser(f"/return/{row['id']}/{row['code']}").status == 404
    assert world.functions.browser(f"/status/{row['id']}/{row['code']}").status == 404


@pytest.mark.usefixtures("crashed")
def test_an_abandoned_reservation_is_409_until_its_lease_ends_and_then_reused(world: World) -> None:
    world.clock.advance(schedule.LEASE_SECONDS - 10)
    early = world.functions.create_with_key()
    world.clock.advance(11)
    late = world.functions.create_with_key()

    assert (early.status, early.json["code"], early.headers["retry-after"]) == (409, "still_running", "10")
    assert late.status == 201
    assert "idempotent-replayed" not in late.headers
    (row,) = world.stored.rows()
    assert (row["sequence"], row["token"]) == (1, late.json["token"])


@pytest.mark.usefixtures("crashed")
def test_retry_after_in_the_last_second_of_the_lease_is_one_second(world: World) -> None:
    world.clock.advance(schedule.LEASE_SECONDS - 1)

    assert world.functions.create_with_key().headers["retry-after"] == "1"


@pytest.mark.usefixtures("crashed")
def test_a_due_reservation_is_rescheduled_so_that_a_retry_can_use_it(world: World) -> None:
    made_at = world.clock.epoch
    assert list(world.stored.due().values()) == [made_at + schedule.FIRST_CHECK_SECONDS]
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    world.sweep_and_drain()
    assert list(world.stored.due().values()) == [made_at + schedule.RESERVATION_SECONDS]


@pytest.mark.usefixtures("crashed")
def test_an_empty_code_does_not_match_a_reservation(world: World) -> None:
    (row,) = world.stored.rows()

    with pytest.raises(NotFound):
        read_status(world.deps, row["id"], "")


@pytest.mark.usefixtures("crashed")
def test_only_the_same_request_can_take_over_a_reservation(world: World) -> None:
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    before = world.stored.rows()

    other = world.functions.api("POST", "/verifications", CREATE_BODY | {"type": "01"}, headers=KEY_HEADER)

    assert other.status == 422
    assert world.stored.rows() == before


@pytest.mark.usefixtures("crashed")
def test_the_sweep_fails_an_abandoned_reservation(world: World, output: Output) -> None:
    world.clock.advance(schedule.RESERVATION_SECONDS)
    assert world.sweep_and_drain() == 1

    (row,) = world.stored.rows()
    read = world.functions.api("GET", f"/verifications/{row['id']}")
    assert (read.json["status"], read.json["reason"]["code"]) == ("failed", "link_not_created")
    assert (read.json["sequence"], "url" in read.json) == (1, False)
    (line,) = output.lines("status_changed")
    assert (line["verification_id"], line["status"], line["sequence"]) == (row["id"], "failed", 1)
    assert row["ttl"] > world.clock.epoch
    assert world.stored.due() == {}
    assert world.vendor.calls()["get"] == 0


@pytest.mark.usefixtures("crashed")
def test_an_abandoned_reservation_that_failed_is_listed_and_replayed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = world.stored.rows()
    world.clock.advance(schedule.RESERVATION_SECONDS)
    world.sweep_and_drain()

    for query in ({"reference": "r"}, {"status": "failed"}):
        listed = world.functions.api("GET", "/verifications", query=query).json["data"]
        assert [each["id"] for each in listed] == [row["id"]]
    day, settings = row["created_at"][:10], world.deps.settings
    names = ["--table", settings.table_name, "--bus", settings.event_bus_name]
    capsys.readouterr()
    replay.main([f"{day}T00:00Z", f"{day}T23:59:59Z", *names])
    assert capsys.readouterr().out == "1 events of 1 verifications were sent again\n"


@pytest.mark.usefixtures("crashed")
def test_a_message_does_not_fail_a_reservation_under_lease(world: World) -> None:
    (row,) = world.stored.rows()
    event = queue_event("DueQueue", [queue_message(f'{{"id": "{row["id"]}"}}')])

    assert world.sandbox.invoke("FinalizeFunction", event) == {"batchItemFailures": []}

    assert world.stored.rows() == [row | {"due_at": world.clock.epoch + schedule.RESERVATION_SECONDS}]
    world.clock.advance(schedule.LEASE_SECONDS + 1)
    assert world.functions.create_with_key().status == 201


def test_a_create_that_outlives_its_lease_does_not_overwrite_its_successor(world: World) -> None:
    vendor, successors = world.deps.vendor, []

    class SlowVendor:
        def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
            vars(world.deps)["vendor"] = vendor
            world.clock.advance(schedule.LEASE_SECONDS + 1)
            successors.append(world.functions.create_with_key())
            return vendor.create_link(request, return_url, permit=no_limit)

    vars(world.deps)["vendor"] = SlowVendor()
    with pytest.raises(FunctionError):
        world.functions.create_with_key()

    (successor,), (row,) = successors, world.stored.rows()
    assert successor.status == 201
    assert row["token"] == successor.json["token"]
