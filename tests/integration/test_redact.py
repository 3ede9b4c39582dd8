"""A redaction erases the person's data from table and bucket at once and for good, and leaves a tombstone."""

import json
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.verification import Verification
from bridge.use_cases.redact import redact
from bridge.vendor.client import Vendor
from bridge.vendor.response import VendorResponse
from tests.integration.functions import CREATE_BODY, ApiFunctions
from tests.integration.harness import CALLER, World, return_path
from tests.integration.stored_state import PERSONAL


@pytest.fixture
def verified(world: World) -> Verification:
    """A verification with all kinds of data, whose pictures were read already."""
    verification = world.new("verified", reference="customer-42", metadata={"campaign": "spring"}, key="k")
    world.returns(verification)
    world.read_result(verification)
    return verification


def test_table_and_bucket_have_no_personal_data_at_once(world: World, verified: Verification) -> None:
    before = world.row(verified)
    assert before.keys() > PERSONAL
    assert len(world.stored.objects(verified.id)) > 1
    assert len(world.stored.results(verified.id)) == 1

    response = world.redact(verified)

    row = world.row(verified)
    assert row.keys().isdisjoint(PERSONAL | {"fingerprint"})
    for value in (verified.token, verified.code, "customer-42", "spring", "localhost", "AMINAH"):
        assert str(value) not in json.dumps(row, default=str)
    assert world.stored.objects(verified.id) == world.stored.results(verified.id) == []
    assert row["ttl"] == world.clock.epoch + world.deps.settings.retention_seconds
    # It is due once more, when no check can be in flight any more.
    assert world.stored.due() == {verified.id: world.clock.epoch + schedule.LATE_ERASURE_SECONDS}
    assert (response.status, response.json["status"], response.json["sequence"]) == (200, "verified", 4)
    assert response.json["redacted_at"] == "2026-01-31T08:00:00.000Z"


def test_only_the_tombstone_can_be_read_afterwards(functions: ApiFunctions, verified: Verification) -> None:
    tombstone = functions.api("POST", f"/verifications/{verified.id}/redact").json

    assert functions.api("GET", f"/verifications/{verified.id}").json == tombstone
    read = functions.api("GET", f"/verifications/{verified.id}", query={"expand": "result"}).json
    assert read == tombstone | {"result": None}
    assert (tombstone["reference"], tombstone["metadata"], tombstone["status_url"]) == (None, {}, None)
    assert functions.api("GET", "/verifications", query={"reference": "customer-42"}).json["data"] == []
    assert functions.browser(return_path(verified)).status == 404
    assert functions.browser(f"/status/{verified.id}/{verified.code}").status == 404


def test_second_redact_is_a_no_op(world: World, verified: Verification) -> None:
    first = world.redact(verified)
    row = world.row(verified)
    world.clock.advance(100)

    again = world.redact(verified)

    assert (again.status, again.json) == (200, first.json)
    assert world.row(verified) == row


def test_another_principal_cannot_redact(world: World, verified: Verification) -> None:
    before = world.row(verified)

    assert world.functions.api("POST", f"/verifications/{verified.id}/redact", principal="mobile").status == 404

    assert world.row(verified) == before
    assert world.stored.objects(verified.id)


@pytest.mark.parametrize("outcome", ["untouched", "ocr_passed"])
def test_a_redacted_open_verification_expires_and_is_never_checked_again(world: World, outcome: str) -> None:
    verification = world.new(outcome)
    world.returns(verification)
    before = world.row(verification)

    document = world.redact(verification).json

    assert (document["status"], document["reason"]["code"]) == ("expired", "redacted")
    assert document["sequence"] == before["sequence"] + 1
    world.play(verification, "verified")
    world.clock.advance(1000)
    assert world.sweep_and_drain() == 1
    assert world.refresh(verification).json == document
    assert world.stored.due() == {}
    assert world.vendor.calls()["get"] == 1


def test_the_idempotency_key_of_a_redacted_verification_returns_its_tombstone(
    world: World, verified: Verification
) -> None:
    world.redact(verified)

    response = world.functions.api("POST", "/verifications", CREATE_BODY, headers={"Idempotency-Key": "k"})

    assert (response.status, response.json["id"]) == (201, verified.id)
    assert "redacted_at" in response.json
    assert world.vendor.calls()["create"] == 1


class RedactedMeanwhile:
    """A vendor whose next response arrives after a redaction."""

    def __init__(self, deps: Dependencies, id: str) -> None:
        self._deps = deps
        self._id = id
        self._vendor: Vendor = deps.vendor

    def fetch(self, token: str, **options: Any) -> VendorResponse:
        response = self._vendor.fetch(token, **options)
        redact(self._deps, CALLER, self._id)
        return response


@pytest.mark.parametrize("outcome", ["verified", "9102", "ocr_passed", "untouched", "verified+wrong_kinds"])
def test_a_check_in_flight_stores_no_data_and_its_evidence_is_erased(world: World, outcome: str) -> None:
    verification = world.new(outcome, reference="customer-42")
    vars(world.deps)["vendor"] = RedactedMeanwhile(world.deps, verification.id)

    world.check(verification)

    row = world.row(verification)
    assert (row["status"], row["reason_code"], row["sequence"]) == ("expired", "redacted", 2)
    assert row.keys().isdisjoint(PERSONAL)
    world.clock.go_to(world.due_at(verification))
    assert world.sweep_and_drain() == 1
    assert world.stored.objects(verification.id) == []
    assert world.stored.due() == {}
    assert world.read(verification)["status"] == "expired"


def test_a_status_change_during_a_redaction_is_kept_without_the_data(world: World) -> None:
    verification = world.new("verified")
    world.aws.before_next("dynamodb.UpdateItem", lambda: world.returns(verification))

    tombstone = redact(world.deps, CALLER, verification.id)

    assert (str(tombstone.status), tombstone.sequence) == ("verified", 4)
    assert world.row(verification).keys().isdisjoint(PERSONAL)
    assert world.stored.objects(verification.id) == []


@pytest.mark.parametrize("call", ["s3.ListObjectVersions", "s3.DeleteObject"])
def test_evidence_that_cannot_be_erased_at_once_is_erased_later(
    world: World, verified: Verification, call: str
) -> None:
    world.aws.refuse(call)

    response = world.redact(verified)

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
    assert world.row(verified).keys().isdisjoint(PERSONAL)
    world.clock.go_to(world.due_at(verified))
    world.sweep_and_drain()
    assert world.stored.objects(verified.id) == []
    assert world.stored.due() == {}
