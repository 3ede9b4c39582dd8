"""A redaction replaces a record by a tombstone, which no later write changes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Evidence, HistoryEntry, Status, Verification
from bridge.store import completion, creation, listing, redaction
from bridge.store.index_keys import reference_key
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import (
    EPOCH,
    TOKEN,
    URL,
    between_links,
    claim,
    existing,
    in_status,
    index,
    is_empty,
    item,
    later,
    leased,
    nonce,
    opened,
    redacted,
    reopened,
    rescheduled,
    reservation,
    reserved,
    row,
    unopened,
    update,
)

DUE_AT = EPOCH + schedule.LATE_ERASURE_SECONDS

# The attributes that a tombstone may have. A new attribute is either personal or must be added here.
TOMBSTONE_ATTRIBUTES = {
    *("id", "principal", "status", "sequence", "reason_code", "type", "id_country", "id_type", "attempt"),
    *("created_at", "updated_at", "expires_at", "redacted_at", "claimed_at", "claimed_by", "due_at", "due_shard"),
    *("checks", "created_day", "owner_created", "history", "advanced", "ttl", "lease_until"),
    *("valid_until", "link_created_at", "link_outcome", "contact_started_at", "last_contact_at"),
    *("failures", "earlier_failures", "contradictory_records"),
}
CANARIES = {
    "redirect_url": "https://app.example.com/planted-1?customer=planted-2",
    "reference": "planted-3",
    "metadata": {"planted-4": "planted-5"},
    "code": "planted-6",
    "fingerprint": "planted-7",
}
CANARY_EVIDENCE = {"evidence": Evidence("records/planted-8.json.gz", "0a1b" * 16, 2048)}


@pytest.mark.parametrize("status", list(Status))
def test_a_tombstone_of_any_status_has_nothing_personal(table: Table, status: Status) -> None:
    made = in_status(table, status, **CANARIES)
    if status is not Status.VERIFIED:
        made = completion.advance(table, made, update(Status.VERIFIED, **CANARY_EVIDENCE), later(4))
    before = json.dumps(item(table, made.id))
    assert redaction.redact(table, made, due_at=DUE_AT, now=later(5)) is not None
    after = json.dumps(item(table, made.id))
    assert before.count("planted") >= 8
    assert "planted" not in after
    assert URL not in after
    assert row(table, made).keys() <= TOMBSTONE_ATTRIBUTES


def _leased(table: Table, **changes: Any) -> Verification:
    return leased(table, between_links(table, **changes), later(2000))


@pytest.mark.parametrize("make", [unopened, opened, between_links, _leased, reopened])
def test_a_tombstone_with_links_has_nothing_personal(table: Table, make: Callable[..., Verification]) -> None:
    made = make(table, **CANARIES)
    before = json.dumps(item(table, made.id))
    tombstone = redaction.redact(table, made, due_at=DUE_AT, now=later(5000))
    assert tombstone is not None
    after = json.dumps(item(table, made.id))
    assert (tombstone.status, tombstone.reason_code, tombstone.sequence) == (Status.EXPIRED, "redacted", 2)
    assert before.count("planted") >= 6
    assert [each for each in ("planted", URL, TOKEN, "5LL") if each in after] == []
    assert row(table, made).keys() <= TOMBSTONE_ATTRIBUTES


@pytest.mark.parametrize("status", Status)
def test_a_redaction_increments_the_sequence_and_expires_an_open_status(table: Table, status: Status) -> None:
    made = in_status(table, status)
    tombstone = redaction.redact(table, made, due_at=DUE_AT, now=later(5))
    assert tombstone == existing(table, made)
    assert (tombstone.sequence, tombstone.redacted_at) == (made.sequence + 1, later(5))
    state = (tombstone.status, tombstone.reason_code, tombstone.updated_at)
    if status.is_final:
        assert state == (made.status, made.reason_code, made.updated_at)
    else:
        assert state == (Status.EXPIRED, "redacted", later(5))
    entry = HistoryEntry(tombstone.status, later(5), tombstone.reason_code, is_redaction=True)
    assert tombstone.history == (*made.history, entry)


def test_a_tombstone_is_due_not_listed_and_expires_after_the_retention(table: Table) -> None:
    made = redacted(table)
    assert index(table, "due") == {made.id}
    assert index(table, "by_reference") == set()
    assert listing.by_reference(table, "shop", "order-1", limit=9, after=None) == ([], None)
    assert row(table, made)["ttl"] == EPOCH + 4 + table.retention_seconds


def test_an_outdated_verification_is_not_redacted(table: Table) -> None:
    read = in_status(table, Status.PENDING)
    advanced = completion.advance(table, read, update(Status.REJECTED), later(4))
    assert redaction.redact(table, read, due_at=DUE_AT, now=later(5)) is None
    assert existing(table, read) == advanced
    assert redaction.redact(table, advanced, due_at=DUE_AT, now=later(5)) is not None


@pytest.mark.parametrize("status", [Status.PENDING, Status.EXPIRED, Status.VERIFIED])
def test_a_repeated_redaction_returns_the_same_tombstone(table: Table, status: Status) -> None:
    made = in_status(table, status)
    first = redaction.redact(table, made, due_at=DUE_AT, now=later(5))
    assert redaction.redact(table, made, due_at=DUE_AT, now=later(6)) == first
    assert first is not None


def test_a_reservation_is_not_redacted(table: Table) -> None:
    made = reserved(table)
    assert redaction.redact(table, made, due_at=DUE_AT, now=later(5)) is None
    assert existing(table, made) == made


def test_an_unknown_id_gets_no_tombstone(table: Table) -> None:
    assert redaction.redact(table, reservation(), due_at=DUE_AT, now=later(5)) is None
    redaction.clear_due(table, reservation().id)
    assert is_empty(table)


def test_a_cleared_tombstone_is_not_due(table: Table) -> None:
    made = redacted(table)
    redaction.clear_due(table, made.id)
    redaction.clear_due(table, made.id)
    assert index(table, "due") == set()
    assert existing(table, made) == made._replace(due_at=None)


def test_only_a_tombstone_can_be_cleared(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    redaction.clear_due(table, made.id)
    assert existing(table, made) == made


@pytest.mark.parametrize("status", [Status.PENDING, Status.VERIFIED])
def test_no_write_changes_a_tombstone(table: Table, status: Status) -> None:
    original = in_status(table, status)
    redaction.redact(table, original, due_at=DUE_AT, now=later(5))
    tombstone = item(table, original.id)
    late = later(86400)

    creation.reserve(table, original._replace(attempt=nonce(), sequence=0), late)
    with pytest.raises(ConditionFailed):
        creation.commit_link(table, original, url=URL, token="5LL", now=late)
    creation.release(table, original)
    creation.fail_abandoned(table, original, late)
    claim(table, original.id, nonce(), late)
    rescheduled(table, original, due_at=DUE_AT)
    completion.advance(table, original, update(Status.VERIFIED), late)
    redaction.redact(table, original, due_at=DUE_AT, now=late)

    assert item(table, original.id) == tombstone
    assert reference_key("shop", "order-1") not in json.dumps(tombstone)
