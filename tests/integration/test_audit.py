"""The audit trail records who read a result or redacted it; without an entry, no result is returned."""

import hashlib
import json
from collections.abc import Callable

import pytest

from bridge.domain.verification import Verification
from bridge.store.audit_trail import AuditAction
from tests.integration.fakes import Aws
from tests.integration.functions import PRINCIPAL
from tests.integration.harness import CALLER, World

RESULT = {"expand": "result"}


@pytest.fixture
def verified(world: World) -> Verification:
    made = world.new("verified", reference="customer-42")
    world.returns(made)
    return made


def test_each_read_of_a_result_is_audited(world: World, verified: Verification) -> None:
    world.read_result(verified)
    world.clock.advance(60)
    world.read_result(verified)

    first, second = world.stored.audit_entries(verified.id)
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


def test_two_reads_at_the_same_time_are_two_entries(world: World, verified: Verification) -> None:
    for _ in range(2):
        world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT)
    assert len(world.stored.audit_entries(verified.id)) == 2


def test_a_repeated_put_keeps_the_first_entry_and_succeeds(world: World, verified: Verification) -> None:
    for action in (AuditAction.RESULT_READ, AuditAction.REDACTED):
        world.deps.audit.record(action, verified.id, CALLER, world.clock(), "the same nonce")
    assert [entry["action"] for entry in world.stored.audit_entries(verified.id)] == ["result_read"]


def test_a_redaction_is_audited_and_keeps_earlier_entries(world: World, verified: Verification) -> None:
    world.read_result(verified)
    world.clock.advance(1)
    world.redact(verified)
    entries = world.stored.audit_entries(verified.id)
    assert [entry["action"] for entry in entries] == ["result_read", "redacted"]
    # Each entry has a nonce, so entries with the same time do not replace each other.
    assert len({entry["at"].partition("#")[2] for entry in entries if len(entry["at"]) == 24 + 1 + 32}) == 2


@pytest.mark.parametrize("fail", [Aws.refuse, Aws.deny])
def test_a_result_is_withheld_if_its_audit_write_fails(
    world: World, verified: Verification, fail: Callable[[Aws, str], None]
) -> None:
    fail(world.aws, "dynamodb.PutItem")

    response = world.read_result(verified)

    assert (response.status, response.json["code"]) == (503, "storage_unavailable")
    assert "result" not in response.json
    assert world.stored.audit_entries(verified.id) == []


def test_a_redaction_whose_audit_write_fails_is_done_and_responds_503(world: World, verified: Verification) -> None:
    world.aws.refuse("dynamodb.PutItem")
    first = world.redact(verified)
    assert first.status == 503
    assert "redacted_at" in world.read(verified)

    again = world.redact(verified)
    assert again.status == 200
    assert [entry["action"] for entry in world.stored.audit_entries(verified.id)] == ["redacted"]


def test_a_read_without_a_result_is_not_audited(world: World, verified: Verification) -> None:
    untouched = world.new()
    world.functions.api("GET", f"/verifications/{verified.id}")
    world.read_result(untouched)
    world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT, principal="another")
    world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT, scopes=["verifications:read"])
    assert world.stored.audit_entries(verified.id) == world.stored.audit_entries(untouched.id) == []


def test_the_audit_trail_has_no_personal_data(world: World, verified: Verification) -> None:
    result = world.functions.api("GET", f"/verifications/{verified.id}", query=RESULT)
    world.functions.api("POST", f"/verifications/{verified.id}/redact")
    assert "AMINAH" in result.text
    written = json.dumps(world.stored.audit_entries(verified.id), default=str)
    for word in ("AMINAH", "customer-42", str(verified.token), str(verified.code)):
        assert word not in written
