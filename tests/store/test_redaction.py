"""What is redacted leaves a tombstone, and nothing leaves a tombstone."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Evidence, Status, Verification
from bridge.store import completion, creation, reading, redaction
from bridge.store.index_keys import reference_key
from bridge.store.table import ConditionFailed, Table
from tests.store.factories import (
    EPOCH,
    TOKEN,
    URL,
    between_links,
    claim,
    existing,
    finding,
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
)

DUE_AT = EPOCH + schedule.LATE_ERASURE

# All that a tombstone may have. Whatever else is written some day is either personal, or belongs in here.
LEFT = {
    *("id", "principal", "status", "sequence", "reason_code", "type", "id_country", "id_type", "attempt"),
    *("created_at", "updated_at", "expires_at", "redacted_at", "claimed_at", "claimed_by", "due_at", "due_shard"),
    *("checks", "created_day", "owner_created", "history", "advanced", "ttl", "lease_until"),
    *("valid_until", "link_created_at", "link_outcome", "contact_started_at", "last_contact_at"),
    *("failures", "contradictory_records"),
}
PLANTED = {
    "redirect_url": "https://app.example.com/planted-1?customer=planted-2",
    "reference": "planted-3",
    "metadata": {"planted-4": "planted-5"},
    "code": "planted-6",
    "fingerprint": "planted-7",
}
PROOF = {"evidence": Evidence("records/planted-8.json.gz", "0a1b" * 16, 2048)}


@pytest.mark.parametrize("status", list(Status))
def test_nothing_personal_is_left_of_any_status(table: Table, status: Status) -> None:
    made = in_status(table, status, **PLANTED)
    if status is not Status.VERIFIED:
        made = completion.advance(table, made, finding(Status.VERIFIED, **PROOF), later(4))
    before = json.dumps(item(table, made.id))
    assert redaction.redact(table, made, due_at=DUE_AT, now=later(5)) is not None
    after = json.dumps(item(table, made.id))
    assert before.count("planted") >= 8
    assert "planted" not in after
    assert URL not in after
    assert row(table, made).keys() <= LEFT


def _leased(table: Table, **changes: Any) -> Verification:
    return leased(table, between_links(table, **changes), later(2000))


@pytest.mark.parametrize("make", [unopened, opened, between_links, _leased, reopened])
def test_nothing_personal_is_left_of_the_links_of_a_start_page(table: Table, make: Callable[..., Verification]) -> None:
    made = make(table, **PLANTED)
    before = json.dumps(item(table, made.id))
    tombstone = redaction.redact(table, made, due_at=DUE_AT, now=later(5000))
    assert tombstone is not None
    after = json.dumps(item(table, made.id))
    assert (tombstone.status, tombstone.reason_code, tombstone.sequence) == (Status.EXPIRED, "redacted", 2)
    assert before.count("planted") >= 6
    assert [each for each in ("planted", URL, TOKEN, "5LL") if each in after] == []
    assert row(table, made).keys() <= LEFT


@pytest.mark.parametrize("status", Status)
def test_a_redaction_counts_one_and_expires_what_is_open(table: Table, status: Status) -> None:
    made = in_status(table, status)
    tombstone = redaction.redact(table, made, due_at=DUE_AT, now=later(5))
    assert tombstone == existing(table, made)
    assert (tombstone.sequence, tombstone.redacted_at) == (made.sequence + 1, later(5))
    now_is = (tombstone.status, tombstone.reason_code, tombstone.updated_at)
    if status.is_final:
        assert now_is == (made.status, made.reason_code, made.updated_at)
    else:
        assert now_is == (Status.EXPIRED, "redacted", later(5))


def test_a_tombstone_is_due_once_more_is_in_no_list_and_goes_when_retention_ends(table: Table) -> None:
    made = redacted(table)
    assert index(table, "due") == {made.id}
    assert index(table, "by_reference") == set()
    assert reading.by_reference(table, "shop", "order-1", limit=9, after=None) == ([], None)
    assert row(table, made)["ttl"] == EPOCH + 4 + table.retention


def test_one_that_changed_meanwhile_is_to_be_read_again(table: Table) -> None:
    read = in_status(table, Status.PENDING)
    advanced = completion.advance(table, read, finding(Status.REJECTED), later(4))
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


def test_what_is_not_there_gets_no_tombstone(table: Table) -> None:
    assert redaction.redact(table, reservation(), due_at=DUE_AT, now=later(5)) is None
    redaction.clear_due(table, reservation().id)
    assert is_empty(table)


def test_a_cleared_tombstone_is_not_due(table: Table) -> None:
    made = redacted(table)
    redaction.clear_due(table, made.id)
    redaction.clear_due(table, made.id)
    assert index(table, "due") == set()
    assert existing(table, made) == dataclasses.replace(made, due_at=None)


def test_only_a_tombstone_can_be_cleared(table: Table) -> None:
    made = in_status(table, Status.PENDING)
    redaction.clear_due(table, made.id)
    assert existing(table, made) == made


@pytest.mark.parametrize("status", [Status.PENDING, Status.VERIFIED])
def test_nothing_leaves_a_tombstone(table: Table, status: Status) -> None:
    before_it = in_status(table, status)
    redaction.redact(table, before_it, due_at=DUE_AT, now=later(5))
    tombstone = item(table, before_it.id)
    late = later(86400)

    creation.reserve(table, dataclasses.replace(before_it, attempt=nonce(), sequence=0), late)
    with pytest.raises(ConditionFailed):
        creation.commit_link(table, before_it, url=URL, token="5LL", now=late)
    creation.release(table, before_it)
    creation.fail_abandoned(table, before_it, late)
    claim(table, before_it.id, nonce(), late)
    rescheduled(table, before_it, due_at=DUE_AT)
    completion.advance(table, before_it, finding(Status.VERIFIED), late)
    redaction.redact(table, before_it, due_at=DUE_AT, now=late)

    assert item(table, before_it.id) == tombstone
    assert reference_key("shop", "order-1") not in json.dumps(tombstone)
