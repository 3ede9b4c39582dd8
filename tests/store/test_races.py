"""Races of concurrent writers for one verification: one wins, and the sequence has no gap."""

import functools
import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest

from bridge.domain import schedule
from bridge.domain.verification import Evidence, Status, Verification
from bridge.store import completion, creation, due, redaction, start_links
from bridge.store.table import ConditionFailed, Table
from tests.store.engines import RACERS, Engine
from tests.store.factories import (
    EPOCH,
    EXPIRES_AT,
    FIRST_CHECK,
    NOW,
    URL,
    between_links,
    claim,
    claimed,
    commit,
    existing,
    in_status,
    item,
    later,
    nonce,
    pending,
    reservation,
    reserved,
    unopened,
    update,
)

T = TypeVar("T")

# Each race is repeated, because its outcome varies.
ROUNDS = range(5)
ADVANCED = [status for status in Status if status is not Status.PENDING]


@pytest.fixture(params=["local"], scope="session")
def engine(local: Engine) -> Engine:
    """Uses only DynamoDB Local, because moto's conditional writes are not atomic."""
    return local


def race(*racers: Callable[[], T]) -> list[T]:
    """Runs all racers at once and returns their results."""
    ready = Barrier(len(racers))

    def run(racer: Callable[[], T]) -> T:
        ready.wait(timeout=60)
        return racer()

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(run, racers))


def all_at_once(act: Callable[[int], T]) -> list[T]:
    return race(*(lambda number=number: act(number) for number in range(RACERS)))


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_requests_reserves_and_the_others_get_its_reservation(table: Table, round: int) -> None:
    first = reservation()
    attempts = [first._replace(attempt=nonce(), code=f"code-{n}") for n in range(RACERS)]
    returned = all_at_once(lambda n: creation.reserve(table, attempts[n], NOW))
    (winner,) = [attempt for attempt, existing in zip(attempts, returned, strict=True) if existing is None]
    assert [existing for existing in returned if existing is not None] == [winner] * (RACERS - 1)
    assert existing(table, first) == winner


@pytest.mark.parametrize("round", ROUNDS)
def test_a_reservation_is_taken_over_once_or_committed(table: Table, round: int) -> None:
    made = reserved(table)
    now = later(schedule.LEASE_SECONDS + 1)
    lease = int(now.timestamp()) + schedule.LEASE_SECONDS
    attempts = [made._replace(attempt=nonce(), lease_until=lease) for _ in range(RACERS - 1)]

    def take_over(attempt: Verification) -> bool:
        return creation.reserve(table, attempt, now) is None

    def commit_late() -> bool:
        try:
            return commit(table, made).sequence == 1
        except ConditionFailed:
            return False

    won = race(commit_late, *(lambda attempt=attempt: take_over(attempt) for attempt in attempts))
    assert sum(won) == 1
    after = existing(table, made)
    assert after.attempt == [made, *attempts][won.index(True)].attempt
    assert after.is_reservation is not won[0]


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_concurrent_claims_succeeds(table: Table, round: int) -> None:
    made = pending(table)
    outcomes = all_at_once(lambda n: claim(table, made.id, f"claimer-{n}", NOW))
    (winner,) = [n for n, (_, is_claimed) in enumerate(outcomes) if is_claimed]
    assert {found.claimed_by for found, _ in outcomes if found} == {f"claimer-{winner}"}


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_concurrent_sweeps_claims_a_due_verification(table: Table, round: int) -> None:
    made = pending(table)
    claims = all_at_once(lambda n: due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 1 + n))
    assert sum(claims) == 1
    assert existing(table, made).due_at == FIRST_CHECK + 1 + claims.index(True)


@pytest.mark.parametrize("round", ROUNDS)
@pytest.mark.parametrize("make", [unopened, between_links])
def test_one_of_many_taps_leases_and_only_its_link_is_stored(
    table: Table, make: Callable[[Table], Verification], round: int
) -> None:
    made, now = make(table), later(2000)

    def tap(n: int) -> Verification | None:
        # Each has read the verification before any of them leases it.
        lease = start_links.lease(table, made, f"tap-{n}", now)
        return lease and start_links.commit(table, lease, url=URL, token=f"link-{n}", now=now, expires_at=EXPIRES_AT)

    stored = all_at_once(tap)
    (winner,) = [n for n, found in enumerate(stored) if found]
    last = existing(table, made)
    assert stored[winner] == last
    assert (last.token, last.attempt, len(last.ended_links)) == (f"link-{winner}", f"tap-{winner}", bool(made.token))


@pytest.mark.parametrize("round", ROUNDS)
def test_an_unopened_verification_is_expired_once_or_leased(table: Table, round: int) -> None:
    made, now = unopened(table), later(7 * 86400)
    tap = functools.partial(start_links.lease, table, made, nonce(), now)
    expire = functools.partial(start_links.expire_without_link, table, made.id, now)
    won = race(*(lambda n=n: bool(tap() if n % 4 == 0 else expire()) for n in range(RACERS)))
    taps = won[::4]
    # All taps have the same attempt, so they share its lease.
    assert (all(taps), sum(won) - sum(taps)) in ((True, 0), (False, 1))
    assert (existing(table, made).status is Status.PENDING) is all(taps)


def assert_unbroken(first: Verification, written: list[Verification], last: Verification) -> None:
    """Asserts that each winning write incremented the sequence, and advanced unless it redacted a final status."""
    written = sorted(written, key=lambda each: each.sequence)
    assert [each.sequence for each in written] == list(range(first.sequence + 1, last.sequence + 1))
    ranks = [each.status.rank for each in [first, *written] if not each.redacted_at or each.reason_code == "redacted"]
    assert all(low < high for low, high in itertools.pairwise(ranks))


def evidence_of(n: int) -> Evidence:
    """Returns evidence with the number of its writer."""
    return Evidence(f"records/personal-{n}.json.gz", f"sha256-{n}", 1)


@pytest.mark.parametrize("round", ROUNDS)
def test_each_winning_advance_increments_the_sequence_and_verified_is_last(table: Table, round: int) -> None:
    made = claimed(table, pending(table))

    def advance_one(n: int) -> Verification:
        # The number in the result tells whether this writer won.
        return completion.advance(table, made, update(ADVANCED[n % len(ADVANCED)], evidence=evidence_of(n)), later(n))

    advanced = all_at_once(advance_one)
    won = [each for n, each in enumerate(advanced) if each.evidence == evidence_of(n)]
    last = existing(table, made)
    assert last.status is Status.VERIFIED
    assert last in won
    assert_unbroken(made, won, last)
    assert max(Counter(each.status.rank for each in won).values()) == 1


@pytest.mark.parametrize("round", ROUNDS)
@pytest.mark.parametrize("status", [Status.PENDING, Status.EXPIRED, Status.VERIFIED])
def test_one_of_many_redacts_and_all_get_the_same_tombstone(table: Table, status: Status, round: int) -> None:
    made = in_status(table, status)
    returned = all_at_once(lambda n: redaction.redact(table, made, due_at=EPOCH, now=later(n)))
    assert set(map(repr, returned)) == {repr(existing(table, made))}
    assert existing(table, made).sequence == made.sequence + 1


@pytest.mark.parametrize("round", ROUNDS)
def test_nothing_personal_survives_a_redaction_among_advances_and_claims(table: Table, round: int) -> None:
    made = claimed(table, pending(table))

    def act(n: int) -> Any:
        if n % 4 == 0:
            return redact(n)
        if n % 4 == 1:
            return claim(table, made.id, nonce(), later(60 + 10 * n))
        return completion.advance(table, made, update(ADVANCED[n % len(ADVANCED)], evidence=evidence_of(n)), later(n))

    def redact(n: int) -> Verification:
        tombstone = None
        while tombstone is None:
            tombstone = redaction.redact(table, existing(table, made), due_at=EPOCH, now=later(n))
        return tombstone

    outcomes = all_at_once(act)
    last = existing(table, made)
    assert {outcome.redacted_at for outcome in outcomes[::4]} == {last.redacted_at}
    assert "personal" not in repr(item(table, made.id))
    advances = [(n, outcome) for n, outcome in enumerate(outcomes) if n % 4 > 1]
    won = [advanced for n, advanced in advances if advanced.evidence == evidence_of(n)]
    assert_unbroken(made, [*won, last], last)
