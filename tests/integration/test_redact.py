"""The person's data goes at once from table and bucket, and stays gone; a tombstone stays."""

import json
from typing import Any

import pytest

from bridge import schedule
from bridge.models import Verification
from bridge.use_cases.redact import redact
from bridge.vendor import Vendor
from bridge.vendor_answer import Answer
from bridge.wiring import Bridge
from tests.integration.driving import CALLER, WANTED, Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.kept import Kept
from tests.sandbox.sandbox import Sandbox

PERSONAL = {"reference", "metadata", "redirect_url", "code", "token", "url", "result", "evidence", "reference_key"}


@pytest.fixture
def verified(sandbox: Sandbox, bridge: Bridge, functions: Functions) -> Verification:
    """One with all data that there can be, its pictures shown already."""
    verification = new(bridge, reference="customer-42", metadata={"campaign": "spring"}, key="k")
    sandbox.vendor.play(token_of(verification), "verified")
    functions.browser(return_path(verification))
    functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})
    return verification


def test_table_and_bucket_are_empty_of_the_person_at_once(
    functions: Functions, kept: Kept, clock: Clock, bridge: Bridge, verified: Verification
) -> None:
    before = kept.row(verified.id)
    assert before.keys() > PERSONAL
    assert len(kept.objects(verified.id)) > 1

    answer = functions.api("POST", f"/verifications/{verified.id}/redact")

    row = kept.row(verified.id)
    assert row.keys().isdisjoint(PERSONAL | {"fingerprint"})
    for value in (verified.token, verified.code, "customer-42", "spring", "localhost", "AMINAH"):
        assert str(value) not in json.dumps(row, default=str)
    assert kept.objects(verified.id) == []
    assert row["ttl"] == clock.epoch + bridge.settings.retention
    assert (answer.status, answer.json["status"], answer.json["sequence"]) == (200, "verified", 4)
    assert answer.json["redacted_at"] == "2026-01-31T08:00:00.000Z"


def test_it_comes_due_once_no_completion_can_be_under_way_any_more(
    functions: Functions, kept: Kept, clock: Clock, verified: Verification
) -> None:
    functions.api("POST", f"/verifications/{verified.id}/redact")

    assert kept.due() == {verified.id: clock.epoch + schedule.LATE_ERASURE}


def test_all_that_is_left_to_see_is_a_tombstone(functions: Functions, verified: Verification) -> None:
    tombstone = functions.api("POST", f"/verifications/{verified.id}/redact").json

    assert functions.api("GET", f"/verifications/{verified.id}").json == tombstone
    read = functions.api("GET", f"/verifications/{verified.id}", query={"expand": "result"}).json
    assert read == tombstone | {"result": None}
    assert (tombstone["reference"], tombstone["metadata"], tombstone["status_url"]) == (None, {}, None)
    assert functions.api("GET", "/verifications", query={"reference": "customer-42"}).json["data"] == []
    assert functions.browser(return_path(verified)).status == 404
    assert functions.browser(f"/status/{verified.id}/{verified.code}").status == 404


def test_again_changes_nothing(functions: Functions, kept: Kept, clock: Clock, verified: Verification) -> None:
    first = functions.api("POST", f"/verifications/{verified.id}/redact")
    row = kept.row(verified.id)
    clock.advance(100)

    again = functions.api("POST", f"/verifications/{verified.id}/redact")

    assert (again.status, again.json) == (200, first.json)
    assert kept.row(verified.id) == row


def test_it_is_no_other_principals_to_redact(functions: Functions, kept: Kept, verified: Verification) -> None:
    before = kept.row(verified.id)

    assert functions.api("POST", f"/verifications/{verified.id}/redact", principal="mobile").status == 404

    assert kept.row(verified.id) == before
    assert kept.objects(verified.id)


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed"])
def test_an_open_one_expires_by_it_and_is_never_asked_about_again(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, clock: Clock, outcome: str
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), outcome)
    functions.browser(return_path(verification))
    before = kept.row(verification.id)

    document = functions.api("POST", f"/verifications/{verification.id}/redact").json

    assert (document["status"], document["reason"]["code"]) == ("expired", "redacted")
    assert document["sequence"] == before["sequence"] + 1
    sandbox.vendor.play(token_of(verification), "verified")
    clock.advance(1000)
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1
    assert functions.api("POST", f"/verifications/{verification.id}/refresh").json == document
    assert kept.due() == {}
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

    def __init__(self, bridge: Bridge, id: str) -> None:
        self._bridge = bridge
        self._id = id
        self._vendor: Vendor = bridge.vendor

    def fetch(self, token: str, **how: Any) -> Answer:
        answer = self._vendor.fetch(token, **how)
        redact(self._bridge, CALLER, self._id)
        return answer


@pytest.mark.parametrize("outcome", ["verified", "9102", "ocr_passed", "untouched", "verified+wrong_kinds"])
def test_a_completion_in_flight_revives_nothing_and_its_evidence_is_erased(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, clock: Clock, outcome: str
) -> None:
    verification = new(bridge, reference="customer-42")
    sandbox.vendor.play(token_of(verification), outcome)
    vars(bridge)["vendor"] = RedactedMeanwhile(bridge, verification.id)

    check(bridge, verification.id)

    row = kept.row(verification.id)
    assert (row["status"], row["reason_code"], row["sequence"]) == ("expired", "redacted", 2)
    assert row.keys().isdisjoint(PERSONAL)
    clock.go_to(kept.due()[verification.id])
    sandbox.sweep_now()
    assert sandbox.drain_queue() == 1
    assert kept.objects(verification.id) == []
    assert kept.due() == {}
    assert functions.api("GET", f"/verifications/{verification.id}").json["status"] == "expired"


def test_one_that_rises_while_it_is_redacted_keeps_its_status_and_loses_its_data(
    sandbox: Sandbox, bridge: Bridge, functions: Functions, kept: Kept, aws: Aws
) -> None:
    verification = new(bridge)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.before_next("dynamodb.UpdateItem", lambda: functions.browser(return_path(verification)))

    tombstone = redact(bridge, CALLER, verification.id)

    assert (str(tombstone.status), tombstone.sequence) == ("verified", 4)
    assert kept.row(verification.id).keys().isdisjoint(PERSONAL)
    assert kept.objects(verification.id) == []


@pytest.mark.parametrize("call", ["s3.ListObjectVersions", "s3.DeleteObject"])
def test_evidence_that_cannot_be_erased_at_once_is_erased_later(
    sandbox: Sandbox, functions: Functions, kept: Kept, aws: Aws, clock: Clock, verified: Verification, call: str
) -> None:
    aws.refuse(call)

    answer = functions.api("POST", f"/verifications/{verified.id}/redact")

    assert (answer.status, answer.json["code"]) == (503, "storage_unavailable")
    assert kept.row(verified.id).keys().isdisjoint(PERSONAL)
    clock.go_to(kept.due()[verified.id])
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert kept.objects(verified.id) == []
    assert kept.due() == {}
