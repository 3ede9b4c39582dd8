"""How often the vendor is called, and by which invocation."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bridge.domain import schedule
from tests.sandbox.vendor.limit import RATE_LIMIT_PER_MINUTE as RATE_LIMIT
from tests.simulation.dynamodb import Change
from tests.simulation.functions import SKEW, Invocation
from tests.simulation.queue import id_in
from tests.simulation.vendor import Link
from tests.simulation.world import World

from .history import History, Violation, is_final, of_each, status, text

_INTERVAL = schedule.MIN_CHECK_INTERVAL_SECONDS * 1000
# Seconds after which the schedule checks first.
_FIRST_CHECK = 300


@of_each("claims")
def vendor_is_called_after_a_claim(world: World, history: History) -> Iterator[str]:
    """An invocation that fetches a record has claimed it in the table, and claims are 5 s apart by its clock."""
    claims = [change for change in history.changes if _is_claim(change)]
    fetchers = {each.number: each for link in history.links for each in _fetchers(world).get(link.token, [])}
    for link in history.links:
        # A claim that our own rate limit refused, at once or after a response 401, is taken back.
        taken_back = {each.by.number for each in history.changes if each.by and _is_release(each)}
        asking = [
            each
            for each in claims
            if each.by and each.by.number in fetchers.keys() - taken_back and _token(each) == link.token
        ]
        times = [int(text(change.after, "claimed_at") or 0) for change in asking]
        if any(later - earlier < _INTERVAL for earlier, later in pairwise(times)):
            yield "two claims within 5 s"
    claimed_by = {change.by.number for change in claims if change.by}
    for number, invocation in fetchers.items():
        if number not in claimed_by:
            yield f"{invocation.function} asked without a claim"


@of_each("calls")
def vendor_calls_are_bounded(world: World, history: History) -> Iterator[str]:
    """Beside the call that made the link: one where all was done at the return, two where nobody returned or began,
    seven at most, whatever the number of hits. Refreshes do not count, and each fault may cost some. A link after which
    another one might have been made is checked once more when that time is over."""
    doubled = Counter(id_in(body) for body in world.queue.doubled)
    if history.link is None:
        return
    faults = _faults(world, history) + doubled[history.id]
    of_the_last, earlier = _counted(world, history), 0
    for link in history.links:
        checks = _counted(world, history, link)
        most = schedule.MAX_CHECKS + 5 * faults + history.has_start_page
        if not faults and len(history.links) == 1 and _was_quick(history):
            most = 1 + _overtakers(history, checks)
        elif not faults and not history.visits and not any(each.started for each in history.links):
            most = 2 + history.has_start_page
        if len(checks) > most:
            yield f"{len(checks)} checks, and {most} are the most"
        earlier += sum(each.asked.count(link.token) > 0 for each in of_the_last if link is not history.link)
    # At the end, and again where that came with a return or a rejection.
    most = (len(history.links) - 1) * (3 + 5 * faults)
    if earlier > most:
        yield f"{earlier} questions about earlier links, and {most} are the most"


@of_each("followed")
def returns_are_followed(world: World, history: History) -> Iterator[str]:
    """Without faults, a check follows each return that decided nothing: soon after the first, or with those that
    follow an earlier one; until as many were made as are allowed while the link lives."""
    if world.fault_counts.kinds.total():
        return
    if history.link is None:
        return
    checks = [each.started for link in history.links for each in _fetchers(world).get(link.token, [])]
    ended = min((change.time for change in history.status_changes() if is_final(change.after or {})), default=math.inf)
    for visit in history.visits:
        # Of a link that has ended nothing new is expected, until no other one may be made.
        has_ended = "link_outcome" in history.at(visit.time)
        is_open = "status=processing" in visit.response.headers.get("location", "") and not has_ended
        longest = 36 if any(visit.time - 61 < other.time < visit.time for other in history.visits) else 16
        followed = any(visit.time < started <= visit.time + longest for started in checks)
        counted = [each for each in _counted(world, history) if each.started <= visit.time]
        followed = followed or ended <= visit.time + longest
        if is_open and not followed and len(counted) < schedule.MAX_CHECKS - 1:
            yield f"no check within {longest} s after {visit.time:.1f}"


def _counted(world: World, history: History, link: Link | None = None) -> list[Invocation]:
    """The checks of a link, the last one if none is given, without refreshes and without later links' checks."""
    of = link or history.link
    askers = _fetchers(world).get(of.token if of else "-", [])
    claimed = {change.by.number: _token(change) for change in history.changes if change.by and _is_claim(change)}
    return [
        each
        for each in askers
        if each.function != "verifications" and of and claimed.get(each.number, of.token) == of.token
    ]


def _was_quick(history: History) -> bool:
    """All was done at the first return, which came before the first check of the schedule, and nobody refreshed."""
    if history.link is None or not history.visits or not history.link.is_finished or history.person.refreshes:
        return False
    first = min(visit.time - visit.response.seconds for visit in history.visits)
    was_done = history.link.changed <= first < history.link.created + _FIRST_CHECK - 2 * SKEW - 10
    if not history.link.succeeded and status(history.item) != "rejected":
        # Only the end of the link makes these certain.
        return False
    return was_done and (len(history.visits) == 1 or history.link.succeeded)


def _overtakers(history: History, checks: list[Invocation]) -> int:
    """How many checks began before the first one had stored the end, by clocks so far ahead that 5 s had passed."""
    first = min(each.started for each in checks) if checks else 0.0
    ended = min((change.time for change in history.status_changes() if is_final(change.after or {})), default=0.0)
    return sum(first + schedule.MIN_CHECK_INTERVAL_SECONDS - 2 * SKEW < each.started < ended for each in checks)


def no_link_is_made_twice(world: World) -> Iterator[Violation]:
    """Each request for a link has a code of its own, or with a start page an invocation, so two links with one return
    are a request that was repeated although it may have had its effect."""
    seen: set[tuple[str, int]] = set()
    for link in world.vendor.links.values():
        request = (link.return_url, link.by.number if link.by.function == "redirect" else 0)
        if request in seen:
            yield Violation("twice", (link.token, link.return_url.split("/")[-2]), "one request, two links")
        seen.add(request)


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
    # A return that may not call the vendor only changes when the next check is due.
    return change.after is not None and text(change.after, "claimed_at") not in (
        None,
        text(change.before, "claimed_at"),
    )


def _is_release(change: Change) -> bool:
    return "claimed_at" in (change.before or {}) and "claimed_at" not in (change.after or {})


def _token(change: Change) -> str | None:
    return text(change.after, "token")


def _fetchers(world: World) -> dict[str, list[Invocation]]:
    """The invocations that asked about each token."""
    found: dict[str, list[Invocation]] = world.cached("askers", lambda: _find_fetchers(world))
    return found


def _find_fetchers(world: World) -> dict[str, list[Invocation]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for invocation in world.functions.invocations:
        for token in dict.fromkeys(invocation.asked):
            found[token].append(invocation)
    return dict(found)


def _faults(world: World, history: History) -> int:
    """How many faults struck invocations that concern the verification."""
    concerned: Counter[str] = world.cached("concerned", lambda: _find_concerned(world))
    return concerned[history.id] + concerned[history.person.name] + world.calls.touched[history.id]


def _find_concerned(world: World) -> Counter[str]:
    found: Counter[str] = Counter()
    for invocation in world.functions.invocations:
        for name in () if invocation.is_downstream else invocation.about:
            found[name] += len(invocation.faults) + invocation.is_late
    return found
