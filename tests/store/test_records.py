"""Records of every version so far are read, completed, and not bereft of what this version does not know."""

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.verification import EndedLink, Evidence, Status, Verification, timestamp
from bridge.store import completion, creation, due, reading, redaction, start_links
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
    finding,
    index,
    item,
    later,
    nonce,
    open_link,
    rescheduled,
    row,
    write,
)
from tests.store.states import MAKERS, form

FILES = sorted(Path(__file__).with_name("records").glob("v*.json"), key=lambda path: int(path.stem[1:]))


@dataclass(frozen=True, slots=True)
class Record:
    version: str
    state: str
    item: Item

    def put(self, table: Table) -> Verification:
        """Into the table, with attributes of a version that is still to come."""
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


def each(*states: str) -> pytest.MarkDecorator:
    """Those in these states, of every version; in any state if none is named."""
    chosen = [record for record in records() if not states or record.state in states]
    assert chosen
    return pytest.mark.parametrize("record", chosen, ids=[f"{record.version}-{record.state}" for record in chosen])


def as_written(value: Any) -> Any:
    """A verification's value in the words of its row."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, tuple):
        return [ended_link(each) if isinstance(each, EndedLink) else history_entry(each) for each in value]
    return asdict(value) if isinstance(value, Evidence) else value


def knows_what_it_knew_not(table: Table, verification: Verification) -> bool:
    return UNKNOWN.items() <= row(table, verification).items()


def test_no_version_is_missing() -> None:
    assert [path.name for path in FILES] == [f"v{number}.json" for number in range(1, len(FILES) + 1)]


def test_the_newest_file_has_every_state() -> None:
    assert {record.state for record in records() if record.version == FILES[-1].stem} == MAKERS.keys()


@pytest.mark.parametrize("state", MAKERS)
def test_this_version_writes_what_the_newest_file_has(table: Table, state: str) -> None:
    newest = {record.state: record.item for record in records() if record.version == FILES[-1].stem}
    assert form({"M": item(table, MAKERS[state](table).id)}) == form({"M": newest[state]}), (
        "see tests/store/records/README.md"
    )


@each()
def test_every_field_is_read_as_it_stands(table: Table, record: Record) -> None:
    verification = record.put(table)
    stands = from_item(record.item)
    read = {field.name: as_written(getattr(verification, field.name)) for field in fields(verification)}
    assert {name: value for name, value in read.items() if name in stands} == {
        name: value for name, value in stands.items() if name in read
    }
    assert not any(value for name, value in read.items() if name not in stands)


LINKED = (
    "pending",
    "check_failed",
    "returned",
    "processing",
    "rejected",
    "expired",
    "opened",
    "between_links",
    "reopened",
)


@each(*LINKED)
def test_a_record_that_can_advance_is_claimed_and_completed(table: Table, record: Record) -> None:
    made = record.put(table)
    claimed, is_claimed = claim(table, made.id, nonce(), later(3600))
    assert is_claimed
    assert claimed is not None
    planned = rescheduled(table, claimed, due_at=EPOCH + 9, expires_at=later(9))
    assert (planned.due_at, planned.status) == (EPOCH + 9, made.status)
    advanced = completion.advance(table, planned, finding(Status.VERIFIED), later(3601))
    assert (advanced.status, advanced.sequence, advanced.reason_code) == (Status.VERIFIED, made.sequence + 1, None)
    assert knows_what_it_knew_not(table, made)


@each("reserved")
def test_a_reservation_is_committed(table: Table, record: Record) -> None:
    made = record.put(table)
    committed = creation.commit_link(table, made, url=URL, token="5LL", now=later(1))
    assert (committed.status, committed.sequence, committed.token) == (Status.PENDING, 1, "5LL")
    assert knows_what_it_knew_not(table, made)
    assert index(table, "by_reference") == {made.id}


@each("unopened", "between_links")
def test_a_start_page_makes_a_link(table: Table, record: Record) -> None:
    made = record.put(table)
    found = open_link(table, made, later(2000), "6MM")
    assert (found.status, found.sequence, found.token) == (made.status, made.sequence, "6MM")
    assert knows_what_it_knew_not(table, made)


@each("unopened")
def test_one_that_nobody_opened_expires(table: Table, record: Record) -> None:
    made = record.put(table)
    assert start_links.expire_unopened(table, made.id, later(8 * 86400))
    assert existing(table, made).status is Status.EXPIRED
    assert knows_what_it_knew_not(table, made)


@each("reserved")
def test_a_reservation_whose_maker_died_is_ended(table: Table, record: Record) -> None:
    made = record.put(table)
    assert creation.fail_abandoned(table, made, later(3600))
    assert existing(table, made).status is Status.FAILED
    assert knows_what_it_knew_not(table, made)


@each("reserved")
def test_a_reservation_is_released(table: Table, record: Record) -> None:
    made = record.put(table)
    creation.release(table, made)
    assert reading.get(table, made.id) is None


@each("verified", "redacted", "link_not_created")
def test_what_has_come_to_its_end_is_left_as_it_is(table: Table, record: Record) -> None:
    made = record.put(table)
    assert claim(table, made.id, nonce(), later(3600)) == (made, False)
    # A check knows the token that it began with.
    check = replace(made, token=made.token or TOKEN)
    assert completion.advance(table, check, finding(Status.EXPIRED), later(3600)) == made
    assert not creation.fail_abandoned(table, made, later(3600))
    assert knows_what_it_knew_not(table, made)


@each("link_not_created", "verified", "unopened", *LINKED)
def test_what_was_handed_out_is_redacted(table: Table, record: Record) -> None:
    made = record.put(table)
    tombstone = redaction.redact(table, made, due_at=EPOCH, now=later(3600))
    assert tombstone is not None
    assert (tombstone.redacted_at, tombstone.status.is_final) == (later(3600), True)
    personal = (
        "redirect_url",
        "reference",
        "metadata",
        "code",
        "token",
        "url",
        "evidence",
        "fingerprint",
        "ended_links",
    )
    assert not any(getattr(tombstone, name) for name in personal)
    assert knows_what_it_knew_not(table, made)


@each("redacted")
def test_a_tombstone_of_any_version_can_be_cleared(table: Table, record: Record) -> None:
    made = record.put(table)
    redaction.clear_due(table, made.id)
    assert existing(table, made).due_at is None
    assert knows_what_it_knew_not(table, made)


@each(
    "reserved", "pending", "check_failed", "returned", "processing", "redacted", "unopened", "opened", "between_links"
)
def test_what_is_due_is_found_and_taken(table: Table, record: Record) -> None:
    made = record.put(table)
    ((id, due_at),) = due.find_due(table, later(8 * 86400), limit=10)
    assert id == made.id
    assert due.claim_due(table, id, due_at, until=EPOCH + 9 * 86400)
    assert knows_what_it_knew_not(table, made)


@each("link_not_created", "verified", "unopened", *LINKED)
def test_what_has_a_reference_is_listed(table: Table, record: Record) -> None:
    made = record.put(table)
    assert made.reference is not None
    assert reading.by_reference(table, made.principal, made.reference, limit=9, after=None) == ([made], None)
