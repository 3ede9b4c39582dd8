"""The person's data goes at once from table and bucket, and stays gone; a tombstone stays."""

import json
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.verification import Verification
from bridge.use_cases.redact import redact
from bridge.vendor.client import Vendor
from bridge.vendor.response import VendorResponse
from tests.integration.harness import CALLER, WANTED, Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox

PERSONAL = {"reference", "metadata", "redirect_url", "code", "token", "url", "evidence", "reference_key"}


@pytest.fixture
def verified(sandbox: Sandbox, deps: Dependencies, functions: Functions) -> Verification:
    """One with all data that there can be, its pictures shown already."""
    verification = new(deps, reference="customer-42", metadata={"campaign": "spring"}, key="k")
    sandbox.vendor.play(token_of(verification), "verified")
    functions.browser(return_path(verification))
    functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})
    return verification


def test_table_and_bucket_are_empty_of_the_person_at_once(
    functions: Functions, stored: StoredState, clock: Clock, deps: Dependencies, verified: Verification
) -> None:
    before = stored.row(verified.id)
    assert before.keys() > PERSONAL
    assert len(stored.objects(verified.id)) > 1
    assert len(stored.results(verified.id)) == 1

    answer = functions.api("POST", f"/verifications/{verified.id}/redact")

    row = stored.row(verified.id)
    assert row.keys().isdisjoint(PERSONAL | {"fingerprint"})
    for value in (verified.token, verified.code, "customer-42", "spring", "localhost", "AMINAH"):
        assert str(value) not in json.dumps(row, default=str)
    assert stored.objects(verified.id) == stored.results(verified.id) == []
    assert row["ttl"] == clock.epoch + deps.settings.retention
    assert (answer.status, answer.json["status"], answer.json["sequence"]) == (200, "verified", 4)
    assert answer.json["redacted_at"] == "2026-01-31T08:00:00.000Z"


def test_it_comes_due_once_no_completion_can_be_under_way_any_more(
    functions: Functions, stored: StoredState, clock: Clock, verified: Verification
) -> None:
    functions.api("POST", f"/verifications/{verified.id}/redact")

    assert stored.due() == {verified.id: clock.epoch + schedule.LATE_ERASURE}


def test_all_that_is_left_to_see_is_a_tombstone(functions: Functions, verified: Verification) -> None:
    tombstone = functions.api("POST", f"/verifications/{verified.id}/redact").json

    assert functions.api("GET", f"/verifications/{verified.id}").json == tombstone
    read = functions.api("GET", f"/verifications/{verified.id}", query={"expand": "result"}).json
    assert read == tombstone | {"result": None}
    assert (tombstone["reference"], tombstone["metadata"], tombstone["status_url"]) == (None, {}, None)
    assert functions.api("GET", "/verifications", query={"reference": "customer-42"}).json["data"] == []
    assert functions.browser(return_path(verified)).status == 404
    assert functions.browser(f"/status/{verified.id}/{verified.code}").status == 404


def test_again_changes_nothing(functions: Functions, stored: StoredState, clock: Clock, verified: Verification) -> None:
    first = functions.api("POST", f"/verifications/{verified.id}/redact")
    row = stored.row(verified.id)
    clock.advance(100)

    again = functions.api("POST", f"/verifications/{verified.id}/redact")

    assert (again.status, again.json) == (200, first.json)
    assert stored.row(verified.id) == row


def test_it_is_no_other_principals_to_redact(functions: Functions, stored: StoredState, verified: Verification) -> None:
    before = stored.row(verified.id)

    assert functions.api("POST", f"/verifications/{verified.id}/redact", principal="mobile").status == 404

    assert stored.row(verified.id) == before
    assert stored.objects(verified.id)


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed"])
def test_an_open_one_expires_by_it_and_is_never_asked_about_again(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, outcome: str
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    functions.browser(return_path(verification))
    before = stored.row(verification.id)

    document = functions.api("POST", f"/verifications/{verification.id}/redact").json

    assert (document["status"], document["reason"]["code"]) == ("expired", "redacted")
    assert document["sequence"] == before["sequence"] + 1
    sandbox.vendor.play(token_of(verification), "verified")
    clock.advance(1000)
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json == document
    assert stored.due() == {}
    assert sandbox.vendor.calls()["get"] == 1


def test_the_key_of_a_redacted_one_gives_its_tombstone(
    sandbox: Sandbox, functions: Functions, verified: Verification
) -> None:
    functions.api("POST", f"/verifications/{verified.id}/redact")

    answer = functions.api("POST", "/verifications", WANTED, headers={"Idempotency-Key": "k"})

    assert (answer.status, answer.json["id"]) == (201, verified.id)
    assert "redacted_at" in answer.json
    assert sandbox.vendor.calls()["create"] == 1


class RedactedMeanwhile:
    """The person's data is redacted while the vendor's answer is on its way."""

    def __init__(self, deps: Dependencies, id: str) -> None:
        self._bridge = deps
        self._id = id
        self._vendor: Vendor = deps.vendor

    def fetch(self, token: str, **how: Any) -> VendorResponse:
        answer = self._vendor.fetch(token, **how)
        redact(self._bridge, CALLER, self._id)
        return answer


@pytest.mark.parametrize("outcome", ["verified", "9102", "ocr_passed", "untouched", "verified+wrong_kinds"])
def test_a_completion_in_flight_revives_nothing_and_its_evidence_is_erased(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, clock: Clock, outcome: str
) -> None:
    verification = new(deps, reference="customer-42")
    sandbox.vendor.play(token_of(verification), outcome)
    vars(deps)["vendor"] = RedactedMeanwhile(deps, verification.id)

    check(deps, verification.id)

    row = stored.row(verification.id)
    assert (row["status"], row["reason_code"], row["sequence"]) == ("expired", "redacted", 2)
    assert row.keys().isdisjoint(PERSONAL)
    clock.go_to(stored.due()[verification.id])
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1
    assert stored.objects(verification.id) == []
    assert stored.due() == {}
    assert functions.api("GET", f"/verifications/{verification.id}").json["status"] == "expired"


def test_one_that_rises_while_it_is_redacted_keeps_its_status_and_loses_its_data(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, aws: Aws
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.before_next("dynamodb.UpdateItem", lambda: functions.browser(return_path(verification)))

    tombstone = redact(deps, CALLER, verification.id)

    assert (str(tombstone.status), tombstone.sequence) == ("verified", 4)
    assert stored.row(verification.id).keys().isdisjoint(PERSONAL)
    assert stored.objects(verification.id) == []


@pytest.mark.parametrize("call", ["s3.ListObjectVersions", "s3.DeleteObject"])
def test_evidence_that_cannot_be_erased_at_once_is_erased_later(
    sandbox: Sandbox,
    functions: Functions,
    stored: StoredState,
    aws: Aws,
    clock: Clock,
    verified: Verification,
    call: str,
) -> None:
    aws.refuse(call)

    answer = functions.api("POST", f"/verifications/{verified.id}/redact")

    assert (answer.status, answer.json["code"]) == (503, "storage_unavailable")
    assert stored.row(verified.id).keys().isdisjoint(PERSONAL)
    clock.go_to(stored.due()[verified.id])
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert stored.objects(verified.id) == []
    assert stored.due() == {}
