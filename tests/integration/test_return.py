"""What a frontend sees around a return: one status everywhere, checks that follow, and a bound on vendor calls."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.verification import Verification
from bridge.use_cases.complete import check_on_return, check_on_schedule
from bridge.use_cases.finalize import finalize
from tests.integration.harness import Answer, Aws, Clock, Functions, http_event, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox


def status_in(answer: Answer) -> str:
    assert answer.status == 303
    (status,) = parse_qs(urlsplit(answer.headers["location"]).query)["status"]
    return status


def everywhere(functions: Functions, verification: Verification) -> set[str]:
    """The status by each route that does not ask the vendor."""
    read = functions.api("GET", f"/verifications/{verification.id}").json
    public = functions.browser(f"/status/{verification.id}/{verification.code}").json
    return {read["status"], public["status"]}


@pytest.mark.parametrize("fault", [None, "500", "401", "429", "garbage", "reset"])
@pytest.mark.parametrize("refused", [None, "s3.PutObject", "sqs.SendMessageBatch", "secretsmanager.GetSecretValue"])
def test_the_redirect_and_every_read_agree_whatever_fails(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, aws: Aws, fault: str | None, refused: str | None
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified" if refused == "s3.PutObject" else "untouched")
    if fault:
        sandbox.vendor.fault(fault, on="get", times=None)
    if refused:
        aws.refuse(refused)

    reported = status_in(functions.browser(return_path(verification)))

    assert everywhere(functions, verification) == {reported}
    assert reported != "pending"
    aws.forget()


def test_a_return_just_after_another_check_is_stored_and_followed(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    functions.api("POST", f"/verifications/{verification.id}/refresh")
    clock.advance(2)

    assert status_in(functions.browser(return_path(verification))) == "processing"

    assert everywhere(functions, verification) == {"processing"}
    assert stored.due() == {verification.id: clock.epoch + 10}
    assert stored.messages() == 1
    assert sandbox.vendor.calls()["get"] == 1


def test_a_record_that_lags_is_found_by_the_checks_that_follow(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    returned_at = clock.epoch
    functions.browser(return_path(verification))
    seen = []

    for _ in range(3):
        due_at = stored.due()[verification.id]
        seen.append(due_at - returned_at)
        clock.go_to(due_at)
        finalize(deps, DueMessage(verification.id, due_at))

    assert seen == [10, 30, 60]
    sandbox.vendor.play(token_of(verification), "verified")
    clock.go_to(stored.due()[verification.id])
    finalize(deps, DueMessage(verification.id, clock.epoch))
    assert everywhere(functions, verification) == {"verified"}


def test_fifty_returns_at_once_cost_one_call_and_one_message(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState
) -> None:
    verification = new(deps)
    assert verification.code is not None
    start = Barrier(10)

    def hit(_: int) -> str:
        start.wait(60)
        statuses = set()
        for _ in range(5):
            found = check_on_return(deps, verification.id, str(verification.code)).verification
            assert found is not None
            statuses.add(str(found.status))
        (status,) = statuses
        return status

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(hit, range(10))) == {"processing"}

    assert sandbox.vendor.calls()["get"] == 1
    assert stored.messages() == 1
    assert stored.row(verification.id)["sequence"] == 2


@pytest.mark.parametrize("seconds", [6, 31, 61])
def test_hits_in_a_loop_cost_at_most_eight_vendor_calls(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, seconds: int
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    end = clock.epoch + 1000

    while clock.epoch < end:
        due_at = stored.due().get(verification.id)
        if due_at is not None and due_at <= clock.epoch:
            finalize(deps, DueMessage(verification.id, due_at))
        functions.browser(return_path(verification))
        clock.advance(seconds)

    calls = sandbox.vendor.calls()
    assert calls["create"] + calls["get"] <= 8
    assert everywhere(functions, verification) == {"expired"}
    assert stored.due() == {}


def test_a_refresh_moves_no_planned_check(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    functions.browser(return_path(verification))
    for _ in range(3):
        clock.go_to(stored.due()[verification.id])
        finalize(deps, DueMessage(verification.id, clock.epoch))
    planned = stored.due()

    clock.advance(31)
    for fault in (None, "500"):
        if fault:
            sandbox.vendor.fault(fault, on="get", times=None)
        functions.api("POST", f"/verifications/{verification.id}/refresh")
        assert stored.due() == planned
        clock.advance(31)


def test_a_planned_check_that_a_refresh_came_before_is_made_a_little_later(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    due_at = stored.due()[verification.id]
    clock.go_to(due_at - 2)
    functions.api("POST", f"/verifications/{verification.id}/refresh")
    clock.go_to(due_at)

    finalize(deps, DueMessage(verification.id, due_at))
    assert sandbox.vendor.calls()["get"] == 1
    assert stored.messages() == 1
    clock.advance(5)
    finalize(deps, DueMessage(verification.id, due_at))
    assert sandbox.vendor.calls()["get"] == 2


def test_a_result_that_is_stored_late_still_counts(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    clock.go_to(int(verification.expires_at.timestamp()) + 10)
    check_on_schedule(deps, verification.id, None)
    assert everywhere(functions, verification) == {"processing"}

    sandbox.vendor.play(token_of(verification), "verified+expired")
    clock.go_to(stored.due()[verification.id])
    check_on_schedule(deps, verification.id, None)
    assert everywhere(functions, verification) == {"verified"}


@pytest.mark.parametrize("asks", ["return", "refresh"])
def test_a_rejection_that_a_check_found_keeps_its_last_check(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, asks: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "9102")
    check_on_schedule(deps, verification.id, None)
    planned = stored.due()
    clock.advance(31)
    sandbox.vendor.play(token_of(verification), "ocr_passed")

    if asks == "return":
        assert status_in(functions.browser(return_path(verification))) == "rejected"
    else:
        functions.api("POST", f"/verifications/{verification.id}/refresh")

    assert stored.due() == planned == {verification.id: int(verification.expires_at.timestamp()) + schedule.LATE_RESULT}


def test_a_person_who_returned_without_having_begun_can_go_on_and_ends_as_not_started(
    deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    functions.browser(return_path(verification))

    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert (document["status"], document["reason"]["code"]) == ("processing", "not_begun")
    assert (document["url"], document["token"]) == (verification.url, verification.token)

    clock.go_to(int(verification.expires_at.timestamp()) + 60)
    check_on_schedule(deps, verification.id, None)
    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert (document["status"], document["reason"]["code"]) == ("expired", "not_started")


def test_the_reason_goes_when_the_person_has_begun(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    functions.browser(return_path(verification))
    sandbox.vendor.play(token_of(verification), "ocr_passed")
    clock.go_to(stored.due()[verification.id])
    finalize(deps, DueMessage(verification.id, clock.epoch))

    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert (document["status"], document["reason"], document["sequence"]) == ("processing", None, 2)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
    ],
)
def test_a_prefetch_stores_and_asks_nothing(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, headers: dict[str, str]
) -> None:
    verification = new(deps)
    before = stored.row(verification.id)
    event = http_event("GET", return_path(verification))
    event["headers"] |= headers

    answer = sandbox.invoke("RedirectFunction", event)

    assert answer["statusCode"] == 425
    assert "location" not in {name.lower() for name in answer["headers"]}
    assert stored.row(verification.id) == before
    assert sandbox.vendor.calls()["get"] == 0


@pytest.mark.parametrize(("outcome", "calls"), [("verified", 2), ("untouched", 3)])
def test_the_usual_ways_cost_two_or_three_vendor_calls(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    stored: StoredState,
    clock: Clock,
    outcome: str,
    calls: int,
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    if outcome == "verified":
        functions.browser(return_path(verification))
    while due_at := stored.due().get(verification.id):
        clock.go_to(due_at)
        finalize(deps, DueMessage(verification.id, due_at))

    made = sandbox.vendor.calls()
    assert made["create"] + made["get"] == calls


def test_a_message_that_is_out_of_date_costs_no_vendor_call(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    clock.advance(schedule.FIRST_CHECK)
    sandbox.sweep_now()
    functions.browser(return_path(verification))
    clock.advance(6)
    planned = stored.due()

    assert sandbox.drain_queue() == 1

    assert sandbox.vendor.calls()["get"] == 1
    assert stored.due() == planned


def test_a_message_names_the_time_it_was_sent_for(
    deps: Dependencies, sandbox: Sandbox, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    clock.advance(schedule.FIRST_CHECK)
    sandbox.sweep_now()

    messages = sandbox.client("sqs").receive_message(QueueUrl=deps.settings.due_queue_url)["Messages"]

    assert [json.loads(message["Body"]) for message in messages] == [
        {"id": verification.id, "due_at": stored.due()[verification.id]}
    ]


@pytest.mark.slow
def test_one_caller_that_refreshes_in_a_loop_leaves_creates_and_returns_alone(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, clock: Clock
) -> None:
    floods = [new(deps, principal="flood") for _ in range(12)]
    clock.advance(60)
    refused = 0
    for second in range(40):
        for verification in floods:
            answer = functions.api("POST", f"/verifications/{verification.id}/refresh", principal="flood")
            refused += answer.status == 503
            assert answer.status in (200, 503)
        if second % 10 == 0:
            verification = new(deps, principal="other")
            assert status_in(functions.browser(return_path(verification))) == "processing"
        clock.advance(1)
    assert refused > 0
