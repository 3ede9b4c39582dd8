"""The stored records of every version can be read and completed. Writes keep attributes that this version ignores."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.verification import EndedLink, Evidence, Status, Verification, timestamp
from bridge.store import completion, creation, due, listing, reading, redaction, start_links
from bridge.store.items import Item, from_item
from bridge.store.rows import ended_link, history_entry
from bridge.store.table import Table
from tests.store.factories import (
    EPOCH,
    TOKEN,
    UNKNOWN,
    URL,
    claim,
    existing,
    index,
    item,
    later,
    make_link,
    nonce,
    rescheduled,
    row,
    update,
    write,
)
from tests.store.states import FACTORIES, form

FILES = sorted(Path(__file__).with_name("records").glob("v*.json"), key=lambda path: int(path.stem[1:]))


@dataclass(frozen=True, slots=True)
class Record:
    version: str
    state: str
    item: Item

    def put(self, table: Table) -> Verification:
        """Stores the record with an attribute of a newer version."""
        table.client.put_item(TableName=table.name, Item=self.item)
        found = reading.get(table, self.item["id"]["S"])
        assert found is not None
        write(table, found, **UNKNOWN)
        return found


@cache
def records() -> list[Record]:
    return [
        Record(path.stem, state, item)
        for path in FILES
        for state, item in json.loads(path.read_text(encoding="utf-8")).items()
    ]


def records_in(*states: str) -> pytest.MarkDecorator:
    """Parametrizes a test with the records of every version in these states, or in all states."""
    chosen = [record for record in records() if not states or record.state in states]
    assert chosen
    return pytest.mark.parametrize("record", chosen, ids=[f"{record.version}-{record.state}" for record in chosen])


def to_stored(value: Any) -> Any:
    """Converts a field of a verification to the value in its row."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Evidence):
        return value._asdict()
    if isinstance(value, tuple):
        return [ended_link(each) if isinstance(each, EndedLink) else history_entry(each) for each in value]
    return value


def has_unknown_attribute(table: Table, verification: Verification) -> bool:
    return UNKNOWN.items() <= row(table, verification).items()


def test_no_version_is_missing() -> None:
    assert [path.name for path in FILES] == [f"v{number}.json" for number in range(1, len(FILES) + 1)]


def test_the_newest_file_has_every_state() -> None:
    assert {record.state for record in records() if record.version == FILES[-1].stem} == FACTORIES.keys()


@pytest.mark.parametrize("state", FACTORIES)
def test_this_version_writes_the_form_of_the_newest_file(table: Table, state: str) -> None:
    newest = {record.state: record.item for record in records() if record.version == FILES[-1].stem}
    assert form({"M": item(table, FACTORIES[state](table).id)}) == form({"M": newest[state]}), (
        "see tests/store/records/README.md"
    )


@records_in()
def test_every_field_is_read_as_it_is_stored(table: Table, record: Record) -> None:
    verification = record.put(table)
    stored = from_item(record.item)
    read = {name: to_stored(value) for name, value in verification._asdict().items()}
    assert {name: value for name, value in read.items() if name in stored} == {
        name: value for name, value in stored.items() if name in read
    }
    assert not any(value for name, value in read.items() if name not in stored)


WITH_LINK = (
    *("pending", "check_failed", "returned", "processing", "rejected", "expired"),
    *("opened", "between_links", "reopened"),
)


@records_in(*WITH_LINK)
def test_a_record_that_can_advance_is_claimed_and_completed(table: Table, record: Record) -> None:
    made = record.put(table)
    claimed, is_claimed = claim(table, made.id, nonce(), later(3600))
    assert is_claimed
    assert claimed is not None
    planned = rescheduled(table, claimed, due_at=EPOCH + 9, expires_at=later(9))
    assert (planned.due_at, planned.status) == (EPOCH + 9, made.status)
    advanced = completion.advance(table, planned, update(Status.VERIFIED), later(3601))
    assert (advanced.status, advanced.sequence, advanced.reason_code) == (Status.VERIFIED, made.sequence + 1, None)
    assert has_unknown_attribute(table, made)


@records_in("reserved")
def test_a_reservation_of_any_version_is_committed(table: Table, record: Record) -> None:
    made = record.put(table)
    committed = creation.commit_link(table, made, url=URL, token="5LL", now=later(1))
    assert (committed.status, committed.sequence, committed.token) == (Status.PENDING, 1, "5LL")
    assert has_unknown_attribute(table, made)
    assert index(table, "by_reference") == {made.id}


@records_in("unopened", "between_links")
def test_a_start_page_makes_a_link(table: Table, record: Record) -> None:
    made = record.put(table)
    found = make_link(table, made, later(2000), "6MM")
    assert (found.status, found.sequence, found.token) == (made.status, made.sequence, "6MM")
    assert has_unknown_attribute(table, made)


@records_in("unopened")
def test_an_unopened_verification_of_any_version_expires(table: Table, record: Record) -> None:
    made = record.put(table)
    assert start_links.expire_without_link(table, made.id, later(8 * 86400))
    assert existing(table, made).status is Status.EXPIRED
    assert has_unknown_attribute(table, made)


@records_in("reserved")
def test_an_abandoned_reservation_of_any_version_fails(table: Table, record: Record) -> None:
    made = record.put(table)
    assert creation.fail_abandoned(table, made, later(3600))
    assert existing(table, made).status is Status.FAILED
    assert has_unknown_attribute(table, made)


@records_in("reserved")
def test_a_reservation_of_any_version_is_released(table: Table, record: Record) -> None:
    made = record.put(table)
    creation.release(table, made)
    assert reading.get(table, made.id) is None


@records_in("verified", "redacted", "link_not_created")
def test_a_record_that_cannot_advance_is_left_unchanged(table: Table, record: Record) -> None:
    made = record.put(table)
    assert claim(table, made.id, nonce(), later(3600)) == (made, False)
    # A check has the token that it began with.
    check = made._replace(token=made.token or TOKEN)
    assert completion.advance(table, check, update(Status.EXPIRED), later(3600)) == made
    assert not creation.fail_abandoned(table, made, later(3600))
    assert has_unknown_attribute(table, made)


@records_in("link_not_created", "verified", "unopened", *WITH_LINK)
def test_a_committed_record_of_any_version_is_redacted(table: Table, record: Record) -> None:
    made = record.put(table)
    tombstone = redaction.redact(table, made, due_at=EPOCH, now=later(3600))
    assert tombstone is not None
    assert (tombstone.redacted_at, tombstone.status.is_final) == (later(3600), True)
    personal = (
        *("redirect_url", "reference", "metadata", "code", "token", "url"),
        *("evidence", "fingerprint", "ended_links"),
    )
    assert not any(getattr(tombstone, name) for name in personal)
    assert has_unknown_attribute(table, made)


@records_in("redacted")
def test_a_tombstone_of_any_version_can_be_cleared(table: Table, record: Record) -> None:
    made = record.put(table)
    redaction.clear_due(table, made.id)
    assert existing(table, made).due_at is None
    assert has_unknown_attribute(table, made)


@records_in(
    "reserved", "pending", "check_failed", "returned", "processing", "redacted", "unopened", "opened", "between_links"
)
def test_a_due_record_is_found_and_claimed(table: Table, record: Record) -> None:
    made = record.put(table)
    ((id, due_at),) = due.find_due(table, later(8 * 86400), limit=10)
    assert id == made.id
    assert due.claim_due(table, id, due_at, until=EPOCH + 9 * 86400)
    assert has_unknown_attribute(table, made)


@records_in("link_not_created", "verified", "unopened", *WITH_LINK)
def test_a_record_with_a_reference_is_listed(table: Table, record: Record) -> None:
    made = record.put(table)
    assert made.reference is not None
    assert listing.by_reference(table, made.principal, made.reference, limit=9, after=None) == ([made], None)
