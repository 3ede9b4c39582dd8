"""Everyone is completed: people who never come back, an outage, a crash on the way."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.domain.verification import Verification
from bridge.store import claims, due
from bridge.use_cases.sweep import sweep
from tests.integration.harness import Aws, Clock, Functions, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.functions import FunctionError
from tests.sandbox.sandbox import Sandbox


def minutes(sandbox: Sandbox, clock: Clock, count: int) -> list[int]:
    """So many minutes go by, each with a sweep; the minutes in which something was due."""
    busy = []
    for minute in range(1, count + 1):
        clock.advance(60)
        sandbox.sweep_now()
        if sandbox.drain_queue():
            busy.append(minute)
    return busy


def look(sandbox: Sandbox, clock: Clock, stored: StoredState, verification: Verification) -> dict[str, Any]:
    """What is due next is done; the row afterwards."""
    clock.go_to(stored.due()[verification.id])
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1
    return stored.row(verification.id)


def test_an_untouched_link_costs_two_gets_and_expires(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)

    assert minutes(sandbox, clock, 18) == [5, 16]

    assert sandbox.vendor.calls()["by_token"] == {verification.token: 2}
    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")
    assert stored.due() == {}


def test_one_who_finished_and_never_came_back_is_verified_by_the_first_look(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")

    assert minutes(sandbox, clock, 8) == [5]

    row = stored.row(verification.id)
    assert (row["status"], row["sequence"]) == ("verified", 2)
    assert stored.record(row["evidence"]["key"]) == sandbox.vendor.raw_record(token_of(verification))
    assert stored.due() == {}


@pytest.mark.parametrize(
    ("outcome", "status", "gets"),
    [
        ("verified", "verified", 1),
        ("ocr_retry_left:9108", "rejected", 3),
        ("9102+expired", "rejected", 1),
        ("FailedOperation.CompareSystemError", "failed", 3),
        ("inconsistent", "failed", 3),
        ("ocr_passed", "expired", 3),
        ("untouched", "expired", 2),
    ],
)
def test_every_final_status_is_reached_without_the_person(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, outcome: str, status: str, gets: int
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)

    for _ in range(gets):
        look(sandbox, clock, stored, verification)

    assert stored.row(verification.id)["status"] == status
    assert sandbox.vendor.calls()["get"] == gets
    assert stored.due() == {}


@pytest.mark.parametrize(("then", "status", "sequence"), [("9102", "rejected", 2), ("verified", "verified", 3)])
def test_a_rejection_while_the_person_might_go_on_is_looked_at_once_more_after_the_link(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, then: str, status: str, sequence: int
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "9102")

    assert look(sandbox, clock, stored, verification)["status"] == "rejected"
    assert stored.due() == {verification.id: int(verification.expires_at.timestamp()) + schedule.LATE_RESULT}

    sandbox.vendor.play(token_of(verification), then)
    row = look(sandbox, clock, stored, verification)
    assert (row["status"], row["sequence"]) == (status, sequence)
    assert stored.due() == {}


def test_nothing_is_done_before_it_is_due(sandbox: Sandbox, deps: Dependencies, clock: Clock) -> None:
    new(deps)
    clock.advance(schedule.FIRST_CHECK - 1)

    sandbox.sweep_now()

    assert sandbox.drain_queue() == 0


def test_one_sweep_takes_at_most_its_limit_and_the_next_ones_the_rest(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "8")
    for _ in range(16):
        new(deps)
    clock.advance(schedule.FIRST_CHECK)

    taken = [sweep(deps, has_time=lambda: True).sent for _ in range(16)]

    assert max(taken) <= 8
    assert sum(taken) == stored.messages() == 16


def test_a_sweep_sends_no_more_than_the_queue_lacks_of_a_minutes_work(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_CALLS_PER_MINUTE", "4")
    for _ in range(4):
        new(deps)
    clock.advance(schedule.FIRST_CHECK)
    send = sandbox.client("sqs").send_message
    for _ in range(3):
        send(QueueUrl=deps.settings.due_queue_url, MessageBody="{}")
    # A check that follows a return waits with a delay, and takes nobody's place.
    send(QueueUrl=deps.settings.due_queue_url, MessageBody="{}", DelaySeconds=600)

    assert sweep(deps, has_time=lambda: True).sent == 1
    assert sweep(deps, has_time=lambda: True).sent == 0


def test_a_sweep_without_time_takes_nothing(deps: Dependencies, stored: StoredState, clock: Clock) -> None:
    verification = new(deps)
    clock.advance(schedule.FIRST_CHECK)

    assert sweep(deps, has_time=lambda: False).sent == 0

    assert stored.due() == {verification.id: clock.epoch}
    assert stored.messages() == 0


def test_two_sweeps_at_once_send_each_verification_once(
    deps: Dependencies, stored: StoredState, clock: Clock, aws: Aws
) -> None:
    for _ in range(12):
        new(deps)
    clock.advance(schedule.FIRST_CHECK)
    others: list[int] = []

    def sweep_too() -> None:
        others.append(sweep(deps, has_time=lambda: True).sent)

    aws.before_next("dynamodb.UpdateItem", sweep_too)
    ours = sweep(deps, has_time=lambda: True).sent

    assert others[0] > 0
    assert ours + others[0] == stored.messages() == 12


def test_what_was_taken_and_not_sent_comes_due_again(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, aws: Aws
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    clock.advance(schedule.FIRST_CHECK)
    aws.refuse("sqs.SendMessageBatch")

    with pytest.raises(FunctionError):
        sandbox.sweep_now()

    assert stored.due() == {verification.id: clock.epoch + 30}
    assert sandbox.drain_queue() == 0
    assert look(sandbox, clock, stored, verification)["status"] == "verified"


def test_a_verification_that_was_completed_meanwhile_is_not_taken(
    deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, sandbox: Sandbox
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    clock.advance(schedule.FIRST_CHECK)
    ((id, due_at),) = due.due(deps.table, clock(), limit=10)

    functions.browser(return_path(verification))

    assert not due.claim_due(deps.table, id, due_at, until=clock.epoch + 600)
    assert stored.due() == {}


@pytest.mark.parametrize(
    ("name", "damaged", "repaired"),
    [
        ("status", "archived", "pending"),
        pytest.param("expires_at", "tomorrow", "2026-01-31T08:15:00.000Z", marks=pytest.mark.slow),
        pytest.param("evidence", "elsewhere", {"key": "records/a", "sha256": "0a", "size": 1}, marks=pytest.mark.slow),
    ],
)
def test_a_row_that_cannot_be_read_holds_up_nobody_else_and_is_tried_once_an_hour(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, name: str, damaged: str, repaired: Any
) -> None:
    unreadable, *others = (new(deps) for _ in range(3))
    for verification in others:
        sandbox.vendor.play(token_of(verification), "verified")
    stored.set(unreadable.id, name, damaged)

    assert minutes(sandbox, clock, 5) == [5]

    assert {stored.row(verification.id)["status"] for verification in others} == {"verified"}
    assert stored.due() == {unreadable.id: clock.epoch + due.UNREADABLE}
    assert minutes(sandbox, clock, 60) == []
    stored.set(unreadable.id, name, repaired)
    assert minutes(sandbox, clock, 60) == [60]
    assert stored.row(unreadable.id)["status"] == "expired"
    assert stored.due() == {}


class NoRoom:
    """A bucket that takes no evidence."""

    def keep(self, verification_id: str, raw: bytes) -> None:
        raise StorageUnavailable("PutObject", "AccessDenied")


@pytest.mark.parametrize(("fails", "hours"), [("vendor", "168"), ("evidence", "24")])
def test_a_rejection_that_cannot_be_looked_at_once_more_is_due_for_a_week_at_most(
    sandbox: Sandbox,
    deps: Dependencies,
    stored: StoredState,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
    hours: str,
) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", hours)
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "9102")
    assert look(sandbox, clock, stored, verification)["status"] == "rejected"
    if fails == "vendor":
        sandbox.vendor.fault("500", on="get", times=None)
    else:
        sandbox.vendor.play(token_of(verification), "verified")
        vars(deps)["evidence"] = NoRoom()
    # Of the week of repetitions only the last minutes are played.
    last_minutes = int((verification.expires_at + claims.LATE_PROOF).timestamp()) - 600
    stored.set(verification.id, "due_at", last_minutes)

    while verification.id in stored.due():
        look(sandbox, clock, stored, verification)
        assert clock() < verification.expires_at + claims.LATE_PROOF + timedelta(hours=1), "due for ever"

    assert stored.row(verification.id)["status"] == "rejected"


def test_an_outage_is_waited_for_ever_longer_and_then_completed(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    sandbox.vendor.fault("503", on="get", times=None)

    waits = []
    for failures in range(1, 9):
        row = look(sandbox, clock, stored, verification)
        assert (row["status"], row["failures"]) == ("pending", failures)
        waits.append(stored.due()[verification.id] - clock.epoch)
    sandbox.vendor.clear_faults()

    assert waits == sorted(waits)
    assert waits[0] < 120 < 1800 < waits[-1] < 1900
    assert look(sandbox, clock, stored, verification)["status"] == "verified"
    assert stored.due() == {}


def test_a_vendor_that_is_out_for_good_ends_in_failed_and_never_in_rejected(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVE_UP_HOURS", "1")
    verification = new(deps)
    sandbox.vendor.fault("500", on="get", times=None)
    gives_up_at = int(verification.expires_at.timestamp()) + deps.settings.give_up_after
    seen = set()

    while verification.id in stored.due():
        row = look(sandbox, clock, stored, verification)
        seen.add((row["status"], clock.epoch >= gives_up_at))

    assert seen == {("pending", False), ("failed", True)}
    assert stored.row(verification.id)["reason_code"] == "vendor_unreachable"
