"""The vendor is treated with care."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.simulation.dynamodb import Change
from tests.simulation.functions import SKEW, Invocation
from tests.simulation.vendor import RATE_LIMIT
from tests.simulation.world import World

from .looking import Case, cases, status, text
from .violation import Violation

_QUIET = 5000
# Seconds after which the first look of the schedule comes.
_FIRST_LOOK = 300


def who_asks_has_claimed(world: World) -> Iterator[Violation]:
    """Whoever asks about a token has claimed it in the table, and claims are 5 s apart by the claimants' clocks."""
    for case in cases(world):
        claims = [change for change in case.history if _is_claim(change)]
        times = [int(text(change.after, "asked_at") or 0) for change in claims]
        if any(later - earlier < _QUIET for earlier, later in pairwise(times)):
            yield Violation("claims", case.about, "two claims within 5 s")
        claimed_by = {change.by.number for change in claims if change.by}
        for invocation in _askers(world).get(case.link.token if case.link else "-", []):
            if invocation.number not in claimed_by:
                yield Violation("claims", case.about, f"{invocation.function} asked without a claim")


def vendor_is_asked_no_more_than_allowed(world: World) -> Iterator[Violation]:
    """Two looks of the schedule, one for each hit; one in all where the person was back with all done in minutes."""
    doubled = Counter(body[8:-2] for body in world.queue.doubled)
    for case in cases(world):
        if case.link is None:
            continue
        askers = _askers(world).get(case.link.token, [])
        hits = len(case.visits) + len(case.person.refreshes)
        faults = _faults(world, case) + doubled[case.id]
        if faults:
            # Each may cost a look, and the vendor's own retries.
            hits += 2 * faults
        if len(askers) > hits + 2 + 3 * faults:
            yield Violation("calls", case.about, f"asked {len(askers)} times for {hits} hits")
        if not faults and _was_quick(case) and len(askers) > 1:
            yield Violation("calls", case.about, f"asked {len(askers)} times though all was done at the return")


def _was_quick(case: Case) -> bool:
    """All was done at the first return, which came before the first look, and nobody else asked."""
    if case.link is None or not case.visits or not case.link.is_finished or case.person.refreshes:
        return False
    first = min(visit.time - visit.answer.seconds for visit in case.visits)
    was_done = case.link.changed <= first < case.link.created + _FIRST_LOOK - 2 * SKEW - 10
    if not case.link.succeeded and status(case.item) != "rejected":
        # Only the end of the link makes these certain.
        return False
    return was_done and (len(case.visits) == 1 or case.link.succeeded)


def no_link_is_made_twice(world: World) -> Iterator[Violation]:
    """Each request for a link has a code of its own, so two links with one return are a request that was repeated
    although it may have had its effect."""
    seen: set[str] = set()
    for link in world.vendor.links.values():
        if link.return_url in seen:
            yield Violation("twice", (link.token, link.return_url.split("/")[-2]), "one request, two links")
        seen.add(link.return_url)


def no_cookie_is_sent(world: World) -> Iterator[Violation]:
    """The vendor sets one with each response; sent back, it would tie two people's requests together."""
    for token in dict.fromkeys(world.vendor.cookies):
        yield Violation("cookies", (token,), "a request carried a cookie of an earlier one")


def rate_limit_is_kept(world: World) -> Iterator[Violation]:
    for minute, count in sorted(world.vendor.calls_by_minute.items()):
        if count > RATE_LIMIT:
            yield Violation("rate", (), f"{count} calls in minute {minute}")


def _is_claim(change: Change) -> bool:
    return text(change.before, "asked_by") != text(change.after, "asked_by") and change.after is not None


def _askers(world: World) -> dict[str, list[Invocation]]:
    """The invocations that asked about each token."""
    found: dict[str, list[Invocation]] = world.once("askers", lambda: _find_askers(world))
    return found


def _find_askers(world: World) -> dict[str, list[Invocation]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for invocation in world.functions.invocations:
        for token in dict.fromkeys(invocation.asked):
            found[token].append(invocation)
    return dict(found)


def _faults(world: World, case: Case) -> int:
    """How many faults struck invocations that concern the verification."""
    concerned: Counter[str] = world.once("concerned", lambda: _find_concerned(world))
    return concerned[case.id] + concerned[case.person.name] + world.outward.touched[case.id]


def _find_concerned(world: World) -> Counter[str]:
    found: Counter[str] = Counter()
    for invocation in world.functions.invocations:
        for name in invocation.about:
            found[name] += len(invocation.faults) + invocation.is_late
    return found
