"""Completion while the vendor or a part of AWS fails."""

import contextlib

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.domain.schedule import MIN_CHECK_INTERVAL_SECONDS
from tests.integration.harness import Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox

FAULTS = {
    "429": "vendor_rate_limited",
    "500": "vendor_unavailable",
    "503": "vendor_unavailable",
    "502_html": "vendor_unavailable",
    "401": "vendor_credentials",
    "403": "vendor_credentials",
    "404": "vendor_rejected",
    "422": "vendor_rejected",
    "inner_status:404": "vendor_rejected",
    "html": "vendor_malformed",
    "reset": "vendor_unavailable",
    "truncated": "vendor_unavailable",
    "garbage": "vendor_malformed",
    "wrong_kinds": "vendor_malformed",
    "empty": "vendor_malformed",
    "redirect": "vendor_malformed",
    "huge": "vendor_malformed",
}


@pytest.mark.parametrize(("fault", "code"), FAULTS.items())
def test_with_a_faulty_vendor_the_person_is_sent_on_and_nothing_final_is_written(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, fault: str, code: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    sandbox.vendor.fault(fault, on="get", times=None)

    answer = functions.browser(return_path(verification))

    assert answer.status == 303
    assert "status=processing" in answer.headers["location"]
    row = stored.row(verification.id)
    assert (row["status"], row["sequence"], row["failures"], row["checks"]) == ("processing", 2, 1, 0)
    assert row.keys().isdisjoint({"evidence", "ttl", "reason_code"})
    assert stored.due() == {verification.id: clock.epoch + schedule.FOLLOW_UPS[0]}
    clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json["code"] == code
    sandbox.vendor.clear_faults()
    clock.advance(schedule.MIN_REFRESH_INTERVAL_SECONDS)
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json["status"] == "verified"
    assert "failures" not in stored.row(verification.id)


def test_an_outage_after_the_link_is_over_is_no_end(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.fault("500", on="get", times=None)
    clock.advance(900 + deps.settings.give_up_after - 1)

    functions.browser(return_path(verification))

    assert stored.row(verification.id)["status"] == "processing"
    assert verification.id in stored.due()


def test_when_the_vendor_could_not_be_asked_until_we_gave_up_it_failed_and_may_still_be_proven(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    sandbox.vendor.fault("500", on="get", times=None)
    clock.advance(900 + deps.settings.give_up_after)

    answer = functions.browser(return_path(verification))

    document = functions.api("GET", f"/verifications/{verification.id}").json
    assert "status=failed" in answer.headers["location"]
    assert (document["status"], document["reason"]["code"]) == ("failed", "vendor_unreachable")
    assert (document["reason"]["retryable"], document["sequence"]) == (True, 3)
    assert stored.due() == {}
    clock.advance(MIN_CHECK_INTERVAL_SECONDS)
    check(deps, verification.id)
    assert stored.due() == {}
    sandbox.vendor.clear_faults()
    clock.advance(3600)
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json["status"] == "verified"


# The rise alone, or what says when to look again, too.
@pytest.mark.parametrize("refused", [1, 2])
def test_what_was_heard_and_not_written_down_is_not_given_up_at_the_next_silence(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, aws: Aws, clock: Clock, refused: int
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    clock.advance(900 + deps.settings.give_up_after)
    aws.before_next("s3.PutObject", lambda: aws.refuse("dynamodb.UpdateItem", refused))
    heard = check(deps, verification.id)
    assert isinstance(heard.error, StorageUnavailable)

    sandbox.vendor.fault("429", on="get", times=None)
    clock.advance(60)
    check(deps, verification.id)
    assert stored.row(verification.id)["status"] == "pending"
    assert verification.id in stored.due()

    clock.advance(deps.settings.give_up_after)
    check(deps, verification.id)
    assert stored.row(verification.id)["reason_code"] == "vendor_unreachable"


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_to_any_write_leaves_it_to_be_completed_later(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, aws: Aws, clock: Clock, lost: int
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    if lost == 1:
        aws.lose_answer("dynamodb.UpdateItem")
    else:
        aws.before_next("s3.PutObject", lambda: aws.lose_answer("dynamodb.UpdateItem"))

    with contextlib.suppress(StorageUnavailable):
        check(deps, verification.id)
    clock.advance(schedule.FIRST_CHECK)
    sandbox.sweep_now()
    sandbox.drain_queue()

    row = stored.row(verification.id)
    assert (row["status"], row["sequence"]) == ("verified", 2)
    assert stored.due() == {}


def test_when_nothing_can_be_read_the_person_gets_a_page_that_tries_again(
    deps: Dependencies, functions: Functions, aws: Aws
) -> None:
    verification = new(deps)
    aws.refuse("dynamodb.UpdateItem")

    answer = functions.browser(return_path(verification))

    assert (answer.status, answer.headers["refresh"]) == (503, "5")
    assert answer.headers["content-type"].startswith("text/html")
