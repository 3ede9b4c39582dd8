"""The vendor is treated with care."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bridge.domain import schedule
from tests.simulation.dynamodb import Change
from tests.simulation.functions import SKEW, Invocation
from tests.simulation.queue import id_in
from tests.simulation.vendor import RATE_LIMIT
from tests.simulation.world import World

from .looking import Case, cases, is_final, status, text
from .violation import Violation

_INTERVAL = schedule.MIN_CHECK_INTERVAL_SECONDS * 1000
# Seconds after which the first look of the schedule comes.
_FIRST_LOOK = 300


def who_asks_has_claimed(world: World) -> Iterator[Violation]:
    """Whoever asks about a token has claimed it in the table, and claims are 5 s apart by the claimants' clocks."""
    for case in cases(world):
        claims = [change for change in case.history if _is_claim(change)]
        asked = {invocation.number for invocation in _askers(world).get(case.link.token if case.link else "-", [])}
        # A claim that our own rate limit refused asked nothing.
        asking = [change for change in claims if change.by and change.by.number in asked]
        times = [int(text(change.after, "claimed_at") or 0) for change in asking]
        if any(later - earlier < _INTERVAL for earlier, later in pairwise(times)):
            yield Violation("claims", case.about, "two claims within 5 s")
        claimed_by = {change.by.number for change in claims if change.by}
        for invocation in _askers(world).get(case.link.token if case.link else "-", []):
            if invocation.number not in claimed_by:
                yield Violation("claims", case.about, f"{invocation.function} asked without a claim")


def vendor_is_asked_no_more_than_allowed(world: World) -> Iterator[Violation]:
    """Beside the call that made the link: one where all was done at the return, two where nobody returned or began,
    seven at most, whatever the number of hits. Refreshes do not count, and each fault may cost some."""
    doubled = Counter(id_in(body) for body in world.queue.doubled)
    for case in cases(world):
        if case.link is None:
            continue
        faults = _faults(world, case) + doubled[case.id]
        checks = len(_counted(world, case))
        most = schedule.MAX_CHECKS + 5 * faults
        if not faults and _was_quick(case):
            most = 1
        elif not faults and not case.visits and not case.link.started:
            most = 2
        if checks > most:
            yield Violation("calls", case.about, f"{checks} checks, and {most} are the most")


def returns_are_followed(world: World) -> Iterator[Violation]:
    """Without faults, a check follows each return that decided nothing: soon after the first, or with those that
    follow an earlier one; until as many were made as are allowed while the link lives."""
    if world.tally.kinds.total():
        return
    for case in cases(world):
        if case.link is None:
            continue
        checks = [invocation.started for invocation in _askers(world).get(case.link.token, [])]
        ended = min((change.time for change in case.rises() if is_final(change.after or {})), default=math.inf)
        for visit in case.visits:
            is_open = "status=processing" in visit.answer.headers.get("location", "")
            longest = 36 if any(visit.time - 61 < other.time < visit.time for other in case.visits) else 16
            followed = any(visit.time < started <= visit.time + longest for started in checks)
            counted = [each for each in _counted(world, case) if each.started <= visit.time]
            followed = followed or ended <= visit.time + longest
            if is_open and not followed and len(counted) < schedule.MAX_CHECKS - 1:
                yield Violation("followed", case.about, f"no check within {longest} s after {visit.time:.1f}")


def _counted(world: World, case: Case) -> list[Invocation]:
    """The checks of a case, without refreshes."""
    askers = _askers(world).get(case.link.token if case.link else "-", [])
    return [invocation for invocation in askers if invocation.function != "verifications"]


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
    """In whatever minute the vendor counts."""
    times = world.vendor.call_times
    for first, last in zip(times, times[RATE_LIMIT:], strict=False):
        if last - first < 60:
            yield Violation("rate", (), f"more than {RATE_LIMIT} calls within 60 s from {first:.0f}")
            return


def _is_claim(change: Change) -> bool:
    # A return that may not ask takes over the plan, and no more.
    return change.after is not None and text(change.after, "claimed_at") not in (
        None,
        text(change.before, "claimed_at"),
    )


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
