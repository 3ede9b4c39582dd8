"""Reserve → vendor → commit, and a function that dies on the way: nothing is lost."""

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import NotFound
from bridge.domain.verification import LinkRequest
from bridge.use_cases.redirect import read_status
from bridge.vendor.client import Link, Permit, Vendor
from tests.integration.harness import WANTED, Answer, Clock, Functions, free
from tests.integration.stored_state import StoredState
from tests.sandbox.functions import FunctionError
from tests.sandbox.sandbox import Sandbox

KEY = {"Idempotency-Key": "order-17"}


def post(functions: Functions) -> Answer:
    return functions.api("POST", "/verifications", WANTED | {"reference": "r"}, headers=KEY)


class DyingVendor:
    """The function dies while it waits for the link; with `made` the vendor has already made it."""

    def __init__(self, vendor: Vendor, *, made: bool) -> None:
        self._vendor = vendor
        self._made = made

    def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        if self._made:
            self._vendor.create_link(request, return_url, permit=permit)
        raise RuntimeError("died")


@pytest.fixture(params=[False, True], ids=["before_the_vendor", "after_the_vendor"])
def died(request: pytest.FixtureRequest, deps: Dependencies, functions: Functions) -> None:
    """A request whose function died after it had reserved; the vendor is as always again."""
    vendor = deps.vendor
    vars(deps)["vendor"] = DyingVendor(vendor, made=request.param)
    with pytest.raises(FunctionError):
        post(functions)
    vars(deps)["vendor"] = vendor


@pytest.mark.usefixtures("died")
def test_a_reservation_that_was_left_is_nobodys_to_see(functions: Functions, stored: StoredState) -> None:
    (row,) = stored.rows()

    assert row["sequence"] == 0
    assert functions.api("GET", f"/verifications/{row['id']}").status == 404
    assert functions.api("POST", f"/verifications/{row['id']}/redact").status == 404
    assert functions.api("GET", "/verifications", query={"reference": "r"}).json["data"] == []
    assert functions.browser(f"/return/{row['id']}/{row['code']}").status == 404
    assert functions.browser(f"/status/{row['id']}/{row['code']}").status == 404


@pytest.mark.usefixtures("died")
def test_during_its_lease_the_same_request_is_told_to_wait_and_afterwards_takes_it_up(
    functions: Functions, stored: StoredState, clock: Clock
) -> None:
    clock.advance(schedule.LEASE_SECONDS - 10)
    early = post(functions)
    clock.advance(11)
    late = post(functions)

    assert (early.status, early.json["code"], early.headers["retry-after"]) == (409, "still_running", "10")
    assert late.status == 201
    assert "idempotent-replayed" not in late.headers
    (row,) = stored.rows()
    assert (row["sequence"], row["token"]) == (1, late.json["token"])


@pytest.mark.usefixtures("died")
def test_in_the_last_second_of_the_lease_the_wait_is_one_second(functions: Functions, clock: Clock) -> None:
    clock.advance(schedule.LEASE_SECONDS - 1)

    assert post(functions).headers["retry-after"] == "1"


@pytest.mark.usefixtures("died")
def test_a_reservation_is_left_for_a_retry_when_it_becomes_due(
    sandbox: Sandbox, stored: StoredState, clock: Clock
) -> None:
    made_at = clock.epoch
    assert list(stored.due().values()) == [made_at + schedule.FIRST_CHECK]
    clock.advance(schedule.FIRST_CHECK)
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert list(stored.due().values()) == [made_at + schedule.RESERVATION_SECONDS]


@pytest.mark.usefixtures("died")
def test_a_reservation_has_no_code_that_could_be_guessed_empty(deps: Dependencies, stored: StoredState) -> None:
    (row,) = stored.rows()

    with pytest.raises(NotFound):
        read_status(deps, row["id"], "")


@pytest.mark.usefixtures("died")
def test_only_the_same_request_may_take_it_up(functions: Functions, stored: StoredState, clock: Clock) -> None:
    clock.advance(schedule.LEASE_SECONDS + 1)
    before = stored.rows()

    other = functions.api("POST", "/verifications", WANTED | {"type": "01"}, headers=KEY)

    assert other.status == 422
    assert stored.rows() == before


@pytest.mark.usefixtures("died")
def test_when_nobody_takes_it_up_the_sweep_ends_it(
    sandbox: Sandbox, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    clock.advance(schedule.RESERVATION_SECONDS)
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1

    (row,) = stored.rows()
    read = functions.api("GET", f"/verifications/{row['id']}")
    assert (read.json["status"], read.json["reason"]["code"]) == ("failed", "link_not_created")
    assert (read.json["sequence"], "url" in read.json) == (1, False)
    assert row["ttl"] > clock.epoch
    assert stored.due() == {}
    assert sandbox.vendor.calls()["get"] == 0


@pytest.mark.usefixtures("died")
def test_a_reservation_under_lease_is_not_ended_by_a_message_for_it(
    sandbox: Sandbox, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    (row,) = stored.rows()
    record = {"messageId": "1", "body": f'{{"id": "{row["id"]}"}}', "eventSource": "aws:sqs"}

    assert sandbox.invoke("FinalizeFunction", {"Records": [record]}) == {"batchItemFailures": []}

    assert stored.rows() == [row | {"due_at": clock.epoch + schedule.RESERVATION_SECONDS}]
    clock.advance(schedule.LEASE_SECONDS + 1)
    assert post(functions).status == 201


def test_one_who_was_given_up_for_dead_commits_nothing_over_its_successor(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    vendor, successors = deps.vendor, []

    class Dawdling:
        def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
            vars(deps)["vendor"] = vendor
            clock.advance(schedule.LEASE_SECONDS + 1)
            successors.append(post(functions))
            return vendor.create_link(request, return_url, permit=free)

    vars(deps)["vendor"] = Dawdling()
    with pytest.raises(FunctionError):
        post(functions)

    (successor,), (row,) = successors, stored.rows()
    assert successor.status == 201
    assert row["token"] == successor.json["token"]
