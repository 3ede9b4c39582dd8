"""Many at once on one verification: one winner each, and a sequence without gaps."""

import dataclasses
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
    finding,
    in_status,
    item,
    later,
    nonce,
    pending,
    reservation,
    reserved,
    unopened,
)

T = TypeVar("T")

# What any of them may be beaten at only now and then is tried some times over.
ROUNDS = range(5)
RISEN = [status for status in Status if status is not Status.PENDING]


@pytest.fixture(params=["local"], scope="session")
def engine(local: Engine) -> Engine:
    """DynamoDB Local alone: moto's conditional writes are a check, then a write."""
    return local


def race(*racers: Callable[[], T]) -> list[T]:
    """What each gives; none begins before all are ready."""
    ready = Barrier(len(racers))

    def run(racer: Callable[[], T]) -> T:
        ready.wait(timeout=60)
        return racer()

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(run, racers))


def all_at_once(act: Callable[[int], T]) -> list[T]:
    return race(*(lambda number=number: act(number) for number in range(RACERS)))


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_makers_reserves_and_all_others_are_shown_its_reservation(table: Table, round: int) -> None:
    first = reservation()
    makers = [dataclasses.replace(first, attempt=nonce(), code=f"code-{n}") for n in range(RACERS)]
    shown = all_at_once(lambda n: creation.reserve(table, makers[n], NOW))
    (winner,) = [maker for maker, existing in zip(makers, shown, strict=True) if existing is None]
    assert [existing for existing in shown if existing is not None] == [winner] * (RACERS - 1)
    assert existing(table, first) == winner


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_takes_over_a_reservation_or_its_maker_commits_it(table: Table, round: int) -> None:
    made = reserved(table)
    now = later(schedule.LEASE_SECONDS + 1)
    lease = int(now.timestamp()) + schedule.LEASE_SECONDS
    makers = [dataclasses.replace(made, attempt=nonce(), lease_until=lease) for _ in range(RACERS - 1)]

    def take_up(maker: Verification) -> bool:
        return creation.reserve(table, maker, now) is None

    def commit_late() -> bool:
        try:
            return commit(table, made).sequence == 1
        except ConditionFailed:
            return False

    won = race(commit_late, *(lambda maker=maker: take_up(maker) for maker in makers))
    assert sum(won) == 1
    after = existing(table, made)
    assert after.attempt == [made, *makers][won.index(True)].attempt
    assert after.is_reservation is not won[0]


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_concurrent_claims_succeeds(table: Table, round: int) -> None:
    made = pending(table)
    outcomes = all_at_once(lambda n: claim(table, made.id, f"claimer-{n}", NOW))
    (winner,) = [n for n, (_, is_claimed) in enumerate(outcomes) if is_claimed]
    assert {found.claimed_by for found, _ in outcomes if found} == {f"claimer-{winner}"}


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_concurrent_sweeps_claims_what_is_due(table: Table, round: int) -> None:
    made = pending(table)
    taken = all_at_once(lambda n: due.claim_due(table, made.id, FIRST_CHECK, until=FIRST_CHECK + 1 + n))
    assert sum(taken) == 1
    assert existing(table, made).due_at == FIRST_CHECK + 1 + taken.index(True)


@pytest.mark.parametrize("round", ROUNDS)
@pytest.mark.parametrize("make", [unopened, between_links])
def test_one_of_many_taps_leases_and_only_its_link_is_stored(
    table: Table, make: Callable[[Table], Verification], round: int
) -> None:
    made, now = make(table), later(2000)

    def tap(n: int) -> Verification | None:
        # All others have read the verification before one of them leases it.
        lease = start_links.lease(table, made, f"tap-{n}", now)
        return lease and start_links.commit(table, lease, url=URL, token=f"link-{n}", now=now, expires_at=EXPIRES_AT)

    stored = all_at_once(tap)
    (winner,) = [n for n, found in enumerate(stored) if found]
    last = existing(table, made)
    assert stored[winner] == last
    assert (last.token, last.attempt, len(last.ended_links)) == (f"link-{winner}", f"tap-{winner}", bool(made.token))


@pytest.mark.parametrize("round", ROUNDS)
def test_one_of_many_expires_an_unopened_verification_or_a_tap_leases_it(table: Table, round: int) -> None:
    made, now = unopened(table), later(7 * 86400)
    tap = functools.partial(start_links.lease, table, made, nonce(), now)
    expire = functools.partial(start_links.expire_unopened, table, made.id, now)
    won = race(*(lambda n=n: bool(tap() if n % 4 == 0 else expire()) for n in range(RACERS)))
    taps = won[::4]
    # Those who share an attempt share its lease.
    assert (all(taps), sum(won) - sum(taps)) in ((True, 0), (False, 1))
    assert (existing(table, made).status is Status.PENDING) is all(taps)


def assert_unbroken(first: Verification, written: list[Verification], last: Verification) -> None:
    """Each write that won counted one up, and raised the status, unless it redacted a final one."""
    written = sorted(written, key=lambda each: each.sequence)
    assert [each.sequence for each in written] == list(range(first.sequence + 1, last.sequence + 1))
    ranks = [each.status.rank for each in [first, *written] if not each.redacted_at or each.reason_code == "redacted"]
    assert all(low < high for low, high in itertools.pairwise(ranks))


def numbered(n: int) -> Evidence:
    """Evidence that names who wrote it."""
    return Evidence(f"records/personal-{n}.json.gz", f"sha256-{n}", 1)


@pytest.mark.parametrize("round", ROUNDS)
def test_of_many_advances_each_winner_counts_one_and_verified_wins(table: Table, round: int) -> None:
    made = claimed(table, pending(table))

    def advance_one(n: int) -> Verification:
        # Each leaves its number, so that what it is given tells whether it won.
        return completion.advance(table, made, finding(RISEN[n % len(RISEN)], evidence=numbered(n)), later(n))

    advanced = all_at_once(advance_one)
    won = [each for n, each in enumerate(advanced) if each.evidence == numbered(n)]
    last = existing(table, made)
    assert last.status is Status.VERIFIED
    assert last in won
    assert_unbroken(made, won, last)
    assert max(Counter(each.status.rank for each in won).values()) == 1


@pytest.mark.parametrize("round", ROUNDS)
@pytest.mark.parametrize("status", [Status.PENDING, Status.EXPIRED, Status.VERIFIED])
def test_one_of_many_redacts_and_all_are_given_the_same_tombstone(table: Table, status: Status, round: int) -> None:
    made = in_status(table, status)
    given = all_at_once(lambda n: redaction.redact(table, made, due_at=EPOCH, now=later(n)))
    assert set(map(repr, given)) == {repr(existing(table, made))}
    assert existing(table, made).sequence == made.sequence + 1


@pytest.mark.parametrize("round", ROUNDS)
def test_nothing_personal_survives_a_redaction_among_advances_and_claims(table: Table, round: int) -> None:
    made = claimed(table, pending(table))

    def act(n: int) -> Any:
        if n % 4 == 0:
            return redact(n)
        if n % 4 == 1:
            return claim(table, made.id, nonce(), later(60 + 10 * n))
        return completion.advance(table, made, finding(RISEN[n % len(RISEN)], evidence=numbered(n)), later(n))

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
    won = [advanced for n, advanced in advances if advanced.evidence == numbered(n)]
    assert_unbroken(made, [*won, last], last)
