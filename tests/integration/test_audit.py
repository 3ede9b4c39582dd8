"""The audit trail records who read a result or redacted it; without an entry, no result is returned."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.verification import Verification
from bridge.store.audit_trail import AuditAction
from bridge.store.items import from_item
from tests.integration.fakes import Aws
from tests.integration.functions import PRINCIPAL, Functions
from tests.integration.harness import CALLER, World
from tests.sandbox.sandbox import Sandbox

RESULT = {"expand": "result"}


class Trail:
    def __init__(self, sandbox: Sandbox) -> None:
        self._client = sandbox.client("dynamodb")
        self._table = sandbox.stack.resources["AuditTable"]

    def of(self, verification: Verification) -> list[dict[str, Any]]:
        """Returns the entries of a verification, oldest first."""
        response = self._client.query(
            TableName=self._table,
            KeyConditionExpression="verification_id = :id",
            ExpressionAttributeValues={":id": {"S": verification.id}},
        )
        return [from_item(item) for item in response["Items"]]


@pytest.fixture
def trail(sandbox: Sandbox) -> Trail:
    return Trail(sandbox)


@pytest.fixture
def verified(world: World) -> Verification:
    made = world.new("verified", reference="customer-42")
    world.returns(made)
    return made


def test_each_read_of_a_result_is_audited(world: World, trail: Trail, verified: Verification) -> None:
    world.read_result(verified)
    world.clock.advance(60)
    world.read_result(verified)

    first, second = trail.of(verified)
    time, _, nonce = first.pop("at").partition("#")
    assert (time, len(nonce)) == ("2026-01-31T08:00:00.000Z", 32)
    assert second["at"].startswith("2026-01-31T08:01:00.000Z#")
    assert first == {
        "verification_id": verified.id,
        "action": "result_read",
        "key_id": "abcd",
        "principal_sha256": hashlib.sha256(PRINCIPAL.encode()).hexdigest(),
        "ttl": world.clock.epoch - 60 + world.deps.settings.audit_retention_seconds,
    }


def test_two_reads_at_the_same_time_are_two_entries(functions: Functions, trail: Trail, verified: Verification) -> None:
    for _ in range(2):
        functions.api("GET", f"/verifications/{verified.id}", query=RESULT)
    assert len(trail.of(verified)) == 2


def test_a_repeated_put_keeps_the_first_entry_and_succeeds(world: World, trail: Trail, verified: Verification) -> None:
    for action in (AuditAction.RESULT_READ, AuditAction.REDACTED):
        world.deps.audit.record(action, verified.id, CALLER, world.clock(), "the same nonce")
    assert [entry["action"] for entry in trail.of(verified)] == ["result_read"]


def test_a_redaction_is_audited_and_keeps_earlier_entries(world: World, trail: Trail, verified: Verification) -> None:
    world.read_result(verified)
    world.clock.advance(1)
    world.redact(verified)
    entries = trail.of(verified)
    assert [entry["action"] for entry in entries] == ["result_read", "redacted"]
    # Each entry has a nonce, so entries with the same time do not replace each other.
    assert len({entry["at"].partition("#")[2] for entry in entries if len(entry["at"]) == 24 + 1 + 32}) == 2


@pytest.mark.parametrize("fail", [Aws.refuse, Aws.deny])
def test_a_result_is_withheld_if_its_audit_write_fails(
    world: World, trail: Trail, verified: Verification, fail: Callable[[Aws, str], None]
) -> None:
    fail(world.aws, "dynamodb.PutItem")

    response = world.read_result(verified)

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
    assert "result" not in response.json
    assert trail.of(verified) == []


def test_a_redaction_whose_audit_write_fails_is_done_and_responds_503(
    world: World, trail: Trail, verified: Verification
) -> None:
    world.aws.refuse("dynamodb.PutItem")
    first = world.redact(verified)
    assert first.status == 503
    assert "redacted_at" in world.read(verified)

    again = world.redact(verified)
    assert again.status == 200
    assert [entry["action"] for entry in trail.of(verified)] == ["redacted"]


def test_a_read_without_a_result_is_not_audited(world: World, trail: Trail, verified: Verification) -> None:
    untouched = world.new()
    world.functions.api("GET", f"/verifications/{verified.id}")
    world.read_result(untouched)
    world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT, principal="another")
    world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT, scopes=["verifications:read"])
    assert trail.of(verified) == trail.of(untouched) == []


def test_the_audit_trail_has_no_personal_data(functions: Functions, trail: Trail, verified: Verification) -> None:
    result = functions.api("GET", f"/verifications/{verified.id}", query=RESULT)
    functions.api("POST", f"/verifications/{verified.id}/redact")
    assert "AMINAH" in result.text
    written = json.dumps(trail.of(verified), default=str)
    for word in ("AMINAH", "customer-42", str(verified.token), str(verified.code)):
        assert word not in written
