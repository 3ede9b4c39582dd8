"""Removes one permission at a time: those that returns, sweeps, background completion and erasure need."""

import time
from typing import Any

import pytest

from tests.deployed.permission_cases import (
    CLAIM_AT_RETURN,
    CLAIM_IN_BACKGROUND,
    COMPLETIONS,
    COUNTS,
    ERASE_EXPECTED,
    ERASURES,
    FOLLOW_UPS,
    READ_STATUS,
    SWEEPS,
)
from tests.deployed.permissions import Permission, assert_unavailable, denied, verified
from tests.deployed.stack import DeployedStack, eventually
from tests.sandbox.vendor import FakeVendor


def test_status_without_its_permission_is_503_until_restored(stack: DeployedStack) -> None:
    created = stack.create()
    with denied(stack, READ_STATUS, "GetItem") as denial:
        assert_unavailable(stack.open(created["status_url"]))

    assert denial.verification_id == created["id"]
    assert stack.open(created["status_url"]).json()["status"] == "pending"


def test_return_without_its_claim_gets_a_page_that_reloads_itself(stack: DeployedStack) -> None:
    created = stack.create()
    return_url = stack.verify(created)
    with denied(stack, CLAIM_AT_RETURN, "UpdateItem") as denial:
        page = stack.open(return_url)
        assert (page.status_code, page.headers["Refresh"]) == (503, "5")

    assert denial.verification_id == created["id"]
    assert "status=verified" in stack.open(return_url).headers["Location"]


def test_completion_without_a_permission_is_done_later(stack: DeployedStack, vendor: FakeVendor) -> None:
    """All fail before the first is completed, because a check within 5 s of the last one would be postponed."""
    unfinished = []
    for permission, operation in COMPLETIONS.items():
        created = stack.create(expected={"name": "Somebody"})
        with denied(stack, permission, operation, about=created["id"]):
            if permission.role == "RedirectRole":
                # Cold: no credentials are cached.
                stack.force_cold_start("RedirectFunction")
                assert "status=processing" in stack.open(stack.verify(created)).headers["Location"]
            elif permission.role == "VerificationsRole":
                vendor.play(created["token"], "verified")
                assert_unavailable(stack.call("POST", f"/verifications/{created['id']}/refresh"))
            else:
                stack.force_cold_start("FinalizeFunction")
                vendor.play(created["token"], "verified")
                send(stack, created)
        assert stack.read(created)["status"] != "verified", permission
        unfinished.append(created)

    complete_in_the_background(stack, unfinished)


def test_message_without_its_claim_stays_and_is_processed_later(stack: DeployedStack, vendor: FakeVendor) -> None:
    created = stack.create()
    vendor.play(created["token"], "verified")
    with stack.visibility_timeout(2):
        with denied(stack, CLAIM_IN_BACKGROUND, "UpdateItem", about=created["id"]):
            send(stack, created)

        eventually(lambda: stack.read(created)["status"] == "verified")


@pytest.mark.parametrize("permission", SWEEPS, ids=lambda each: each.action)
def test_sweep_without_a_permission_fails_and_a_later_one_sends(
    permission: Permission, stack: DeployedStack, vendor: FakeVendor
) -> None:
    created = stack.create()
    vendor.play(created["token"], "verified")
    # The other calls concern several verifications, so their line has no id.
    about = created["id"] if permission.action == "dynamodb:UpdateItem" else None
    with denied(stack, permission, SWEEPS[permission], about=about):
        stack.make_due(created)
        assert "FunctionError" in stack.sweep()

    assert stack.read(created)["status"] == "pending"
    send(stack, created)
    eventually(lambda: stack.read(created)["status"] == "verified")


@pytest.mark.parametrize("kind", ERASURES)
def test_failed_erasure_is_completed_by_a_later_attempt(kind: str, stack: DeployedStack, vendor: FakeVendor) -> None:
    created = verified(stack, vendor)
    left = stack.evidence if kind == "evidence" else stack.results
    operations = ERASURES[kind]
    by_request = [permission for permission in operations if permission.role == "VerificationsRole"]
    in_background = [permission for permission in operations if permission.role == "FinalizeRole"]
    for permission in by_request:
        with denied(stack, permission, operations[permission]) as denial:
            assert_unavailable(stack.call("POST", f"/verifications/{created['id']}/redact"))
        assert denial.verification_id == created["id"]
    with stack.visibility_timeout(1):
        for permission in in_background:
            with denied(stack, permission, operations[permission], about=created["id"]):
                # Background erasure waits two minutes for completions that began before the redaction.
                stack.overwrite(created, redacted_at={"S": "2026-01-01T00:00:00Z"})
                stack.make_due(created)
                stack.sweep()
            assert left(created)
        eventually(lambda: not left(created))


def test_expected_person_expires_if_it_cannot_be_erased(stack: DeployedStack) -> None:
    created = stack.create(expected={"name": "Somebody"})
    with denied(stack, ERASE_EXPECTED, "DeleteItem", about=created["id"]):
        assert "status=verified" in stack.open(stack.verify(created)).headers["Location"]
    (expected,) = [item for item in stack.results(created) if item["sha256"]["S"] == "expected"]
    assert int(expected["ttl"]["N"]) > time.time()
    assert stack.read(created)["matches"]["name"] is False


def test_creates_and_returns_work_without_the_counter_of_vendor_calls(stack: DeployedStack) -> None:
    at_create, at_return = COUNTS
    with denied(stack, at_create, "UpdateItem"):
        created = stack.create()
    with denied(stack, at_return, "UpdateItem"):
        assert "status=verified" in stack.open(stack.verify(created)).headers["Location"]


def test_sweep_replaces_a_follow_up_that_cannot_be_sent(stack: DeployedStack, vendor: FakeVendor) -> None:
    created = stack.create()
    return_url = stack.verify(created)
    vendor.play(created["token"], "ocr_passed")
    at_return, in_background = FOLLOW_UPS
    with denied(stack, at_return, "SendMessageBatch", about=created["id"]):
        assert "status=processing" in stack.open(return_url).headers["Location"]
    with denied(stack, in_background, "SendMessageBatch", about=created["id"]):
        # Two checks are at least 5 s apart.
        time.sleep(6)
        send(stack, created)
    vendor.play(created["token"], "verified")
    complete_in_the_background(stack, [created])


def send(stack: DeployedStack, created: dict[str, Any]) -> None:
    """Lets the sweep send a verification to the queue."""
    stack.make_due(created)
    stack.sweep()


def complete_in_the_background(stack: DeployedStack, created: list[dict[str, Any]]) -> None:
    """Completes verifications with sweeps now, not in minutes."""

    def are_verified() -> bool:
        unfinished = [each for each in created if stack.read(each)["status"] != "verified"]
        for each in unfinished:
            stack.make_due(each)
        if unfinished:
            stack.sweep()
        return not unfinished

    eventually(are_verified, pause=2)
