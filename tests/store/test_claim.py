"""Who may ask the vendor: each condition of a claim by itself."""

from datetime import timedelta

import pytest

from bridge import schedule
from bridge.models import Status
from bridge.store import completion, redaction
from bridge.store.completion import LATE_PROOF, QUIET
from bridge.store.table import Table
from tests.store.making import (
    EPOCH,
    EXPIRES_AT,
    NOW,
    failed_reservation,
    finding,
    in_status,
    is_empty,
    item,
    later,
    nonce,
    pending,
    redacted,
    reservation,
    reserved,
    row,
    standing,
)

MIDDLE = [Status.REJECTED, Status.FAILED, Status.EXPIRED]


def test_a_claim_says_who_asks_and_makes_it_due_should_the_asker_die(table: Table) -> None:
    made = pending(table)
    claimed, is_claimed = completion.claim(table, made.id, "asker", NOW)
    assert is_claimed
    assert claimed == standing(table, made)
    written = row(table, made)
    assert (written["asked_by"], written["asked_at"]) == ("asker", EPOCH * 1000 + 500)
    assert written["due_at"] == EPOCH + schedule.CLAIM
    assert written["sequence"] == 1


def test_a_claim_whose_answer_was_lost_is_none_after_a_redaction(table: Table) -> None:
    made = pending(table)
    completion.claim(table, made.id, "asker", NOW)
    tombstone = redaction.redact(table, standing(table, made), due_at=EPOCH, now=NOW)
    again, is_claimed = completion.claim(table, made.id, "asker", NOW)
    assert again == tombstone
    assert not is_claimed


def test_a_claim_changes_nothing_else(table: Table) -> None:
    made = pending(table)
    before = row(table, made)
    completion.claim(table, made.id, "asker", NOW)
    after = row(table, made)
    assert {name for name in before | after if before.get(name) != after.get(name)} == {
        "asked_by",
        "asked_at",
        "open_at",
        "heard_at",
        "due_at",
    }


def test_nothing_can_be_claimed_of_an_unknown_id(table: Table) -> None:
    assert completion.claim(table, reservation().id, nonce(), NOW) == (None, False)
    assert is_empty(table)


@pytest.mark.parametrize("its", [{"code": "the-code"}, {"principal": "shop"}])
def test_the_right_code_or_principal_claims(table: Table, its: dict[str, str]) -> None:
    made = pending(table, code="the-code")
    assert completion.claim(table, made.id, nonce(), NOW, **its)[1]


@pytest.mark.parametrize(
    "other",
    [
        {"code": "another"},
        {"code": ""},
        {"principal": "another"},
        {"code": "the-code", "principal": "another"},
        {"code": "another", "principal": "shop"},
    ],
)
def test_a_wrong_code_or_principal_claims_nothing_and_is_shown_what_stands(table: Table, other: dict[str, str]) -> None:
    made = pending(table, code="the-code")
    assert completion.claim(table, made.id, nonce(), NOW, **other) == (made, False)
    assert standing(table, made) == made


@pytest.mark.parametrize(("seconds", "may"), [(0, False), (QUIET - 0.001, False), (QUIET, True), (QUIET + 1, True)])
def test_nobody_else_asks_for_some_seconds_after_a_claim(table: Table, seconds: float, may: bool) -> None:
    made = pending(table)
    completion.claim(table, made.id, "first", NOW)
    claimed, is_claimed = completion.claim(table, made.id, "second", later(seconds))
    assert claimed is not None
    assert (is_claimed, claimed.asked_by) == ((True, "second") if may else (False, "first"))


def test_a_claim_whose_answer_was_lost_is_known_by_its_asker(table: Table) -> None:
    made = pending(table)
    first = completion.claim(table, made.id, "asker", NOW)
    assert completion.claim(table, made.id, "asker", later(1)) == first
    assert first[1]


def test_a_tombstone_is_not_claimed(table: Table) -> None:
    # Redacted while it was open: of all that a claim asks for, only this stands against it.
    made = redacted(table, Status.PENDING)
    table.update(made.id, condition="#id = :id", bind={":id": made.id}, change={"token": "put back"})
    before = item(table, made.id)
    assert not completion.claim(table, made.id, nonce(), later(60))[1]
    assert item(table, made.id) == before


def test_a_reservation_is_not_claimed(table: Table) -> None:
    made = reserved(table)
    assert completion.claim(table, made.id, nonce(), NOW) == (made, False)
    assert standing(table, made) == made


def test_a_failed_reservation_is_not_claimed_for_it_has_no_token(table: Table) -> None:
    made = failed_reservation(table)
    assert completion.claim(table, made.id, nonce(), later(60)) == (made, False)


def test_a_verified_one_is_not_claimed_for_nothing_is_above_it(table: Table) -> None:
    made = in_status(table, Status.VERIFIED)
    assert completion.claim(table, made.id, nonce(), later(60)) == (made, False)


@pytest.mark.parametrize("status", MIDDLE)
@pytest.mark.parametrize(("before_the_end", "may"), [(timedelta(milliseconds=1), True), (timedelta(0), False)])
def test_a_late_proof_is_looked_for_until_its_window_closes(
    table: Table, status: Status, before_the_end: timedelta, may: bool
) -> None:
    made = in_status(table, status)
    assert completion.claim(table, made.id, nonce(), EXPIRES_AT + LATE_PROOF - before_the_end)[1] is may


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_an_open_one_is_claimed_however_old_it_is(table: Table, status: Status) -> None:
    made = in_status(table, status)
    assert completion.claim(table, made.id, nonce(), EXPIRES_AT + 10 * LATE_PROOF)[1]


def test_the_window_for_late_proofs_follows_the_end_of_the_link_that_was_found(table: Table) -> None:
    made = in_status(table, Status.PROCESSING)
    moved = EXPIRES_AT + timedelta(hours=1)
    completion.rise(table, made, finding(Status.EXPIRED, expires_at=moved), later(4))
    assert completion.claim(table, made.id, nonce(), moved + LATE_PROOF - timedelta(seconds=1))[1]
    assert not completion.claim(table, made.id, nonce(), moved + LATE_PROOF + timedelta(seconds=9))[1]
