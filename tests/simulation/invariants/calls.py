"""Bounds on the vendor calls, and who may make them."""

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
from tests.simulation.world import SimulatedWorld

from .history import History, Violation, is_final, of_each, sequence, status, text

_INTERVAL = schedule.MIN_CHECK_INTERVAL_SECONDS * 1000
# Seconds from the creation to the schedule's first check.
_FIRST_CHECK = 300


@of_each("claims")
def vendor_is_called_after_a_claim(world: SimulatedWorld, history: History) -> Iterator[str]:
    """An invocation that fetches a record has claimed it in the table; claims are 5 s apart by the claimer's clock."""
    claims = [change for change in history.changes if _is_claim(change)]
    fetchers = {each.number: each for link in history.links for each in _fetchers(world).get(link.token, [])}
    for link in history.links:
        # An invocation releases its claim if the rate limiter rejects its call, also the second one after a 401.
        released = {each.by.number for each in history.changes if each.by and _is_release(each)}
        asking = [
            each
            for each in claims
            if each.by and each.by.number in fetchers.keys() - released and _token(each) == link.token
        ]
        times = [int(text(change.after, "claimed_at") or 0) for change in asking]
        if any(later - earlier < _INTERVAL for earlier, later in pairwise(times)):
            yield "two claims within 5 s"
    claimed_by = {change.by.number for change in claims if change.by}
    for number, invocation in fetchers.items():
        if number not in claimed_by:
            yield f"{invocation.function} fetched without a claim"


@of_each("calls")
def vendor_calls_are_bounded(world: SimulatedWorld, history: History) -> Iterator[str]:
    """The calls after the one that created the link: one if the record was final at the return, two if nobody returned
    or began, otherwise at most seven. Refreshes do not count; each fault allows some more. With a start page there is
    one more check when the time for another link is over."""
    redelivered = Counter(id_in(body) for body in world.queue.redelivered)
    if history.link is None:
        return
    faults = _faults(world, history) + redelivered[history.id]
    last_checks, earlier = _counted(world, history), 0
    for link in history.links:
        checks = _counted(world, history, link)
        most = schedule.MAX_CHECKS + 5 * faults + history.has_start_page
        if not faults and len(history.links) == 1 and _was_quick(history):
            most = 1 + _concurrent_checks(history, checks)
        elif not faults and not history.visits and not any(each.started for each in history.links):
            most = 2 + history.has_start_page
        if len(checks) > most:
            yield f"{len(checks)} checks, but at most {most} are allowed"
        earlier += sum(each.vendor_tokens.count(link.token) > 0 for each in last_checks if link is not history.link)
    # Earlier links are checked before the verification ends, and again if a return or a rejection ended it.
    most = (len(history.links) - 1) * (3 + 5 * faults)
    if earlier > most:
        yield f"{earlier} checks of earlier links, but at most {most} are allowed"


@of_each("follow-up")
def returns_get_a_follow_up(world: SimulatedWorld, history: History) -> Iterator[str]:
    """Without faults, a check follows each return that left the status open: soon after the first return, for a later
    one with the earlier one's follow-ups; until the checks of the link are used up."""
    if world.fault_counts.kinds.total():
        return
    if history.link is None:
        return
    checks = [each.started for link in history.links for each in _fetchers(world).get(link.token, [])]
    ended = min((change.time for change in history.status_changes() if is_final(change.after or {})), default=math.inf)
    for visit in history.visits:
        # After the end of a link the next check comes when no other link can follow.
        has_ended = "link_outcome" in history.at(visit.time)
        is_open = "status=processing" in visit.response.headers.get("location", "") and not has_ended
        longest = 36 if any(visit.time - 61 < other.time < visit.time for other in history.visits) else 16
        followed = any(visit.time < started <= visit.time + longest for started in checks)
        counted = [each for each in _counted(world, history) if each.started <= visit.time]
        followed = followed or ended <= visit.time + longest
        if is_open and not followed and len(counted) < schedule.MAX_CHECKS - 1:
            yield f"no check within {longest} s after {visit.time:.1f}"


@of_each("plan")
def refreshes_delay_no_check(world: SimulatedWorld, history: History) -> Iterator[str]:
    """A refresh plans no check later than it was, and drops one only if the vendor's record makes it needless."""
    made_due: set[int] = set()
    for change in history.changes:
        before, after, by = change.before, change.after, change.by
        if by is None or by.function != "verifications" or not before or not after or not sequence(before):
            continue
        is_other_end = status(before) != status(after) or ("link_outcome" in after) > ("link_outcome" in before)
        if "due_at" not in before:
            made_due.add(by.number)
        if "due_at" not in before or by.number in made_due or "redacted_at" in after or is_other_end:
            continue
        planned = int(text(before, "due_at") or 0)
        due_at = int(text(after, "due_at") or 0) or math.inf
        is_needless = due_at == math.inf and is_final(after) and by.result and by.result["statusCode"] == 200
        if due_at > planned > change.time + SKEW and not is_needless:
            yield f"a refresh moved the check of {planned} to {due_at}"


def _counted(world: SimulatedWorld, history: History, link: Link | None = None) -> list[Invocation]:
    """Returns the checks of a link (of the last one by default), without refreshes and the checks of later links."""
    of = link or history.link
    fetchers = _fetchers(world).get(of.token if of else "-", [])
    claimed = {change.by.number: _token(change) for change in history.changes if change.by and _is_claim(change)}
    return [
        each
        for each in fetchers
        if each.function != "verifications" and of and claimed.get(each.number, of.token) == of.token
    ]


def _was_quick(history: History) -> bool:
    """Whether the record was final at the first return, which came before the first scheduled check and any refresh."""
    if history.link is None or not history.visits or not history.link.is_finished or history.person.refreshes:
        return False
    first = min(visit.time - visit.response.seconds for visit in history.visits)
    was_done = history.link.changed <= first < history.link.created + _FIRST_CHECK - 2 * SKEW - 10
    if not history.link.succeeded and status(history.item) != "rejected":
        # These are final only after the end of the link.
        return False
    return was_done and (len(history.visits) == 1 or history.link.succeeded)


def _concurrent_checks(history: History, checks: list[Invocation]) -> int:
    """Returns how many checks began before the first one stored the final status: clock errors shorten the interval."""
    first = min(each.started for each in checks) if checks else 0.0
    ended = min((change.time for change in history.status_changes() if is_final(change.after or {})), default=0.0)
    return sum(first + schedule.MIN_CHECK_INTERVAL_SECONDS - 2 * SKEW < each.started < ended for each in checks)


def no_request_creates_two_links(world: SimulatedWorld) -> Iterator[Violation]:
    """Each request for a link has its own return code, or with a start page its own invocation. Two links with the same
    one come from a request that was repeated although it may have had its effect."""
    seen: set[tuple[str, int]] = set()
    for link in world.vendor.links.values():
        request = (link.return_url, link.by.number if link.by.function == "redirect" else 0)
        if request in seen:
            yield Violation("duplicate link", (link.token, link.return_url.split("/")[-2]), "one request, two links")
        seen.add(request)


def no_cookie_is_sent(world: SimulatedWorld) -> Iterator[Violation]:
    """Each response of the vendor sets a cookie. Sending it would connect the requests of two people."""
    for token in dict.fromkeys(world.vendor.cookies):
        yield Violation("cookies", (token,), "a request carried a cookie of an earlier one")


def rate_limit_is_kept(world: SimulatedWorld) -> Iterator[Violation]:
    """The limit holds in every span of 60 s, because the vendor's minute may begin at any time."""
    times = world.vendor.call_times
    for first, last in zip(times, times[RATE_LIMIT:], strict=False):
        if last - first < 60:
            yield Violation("rate", (), f"more than {RATE_LIMIT} calls within 60 s from {first:.0f}")
            return


def _is_claim(change: Change) -> bool:
    # A return that may not call the vendor changes due_at, but not claimed_at.
    return change.after is not None and text(change.after, "claimed_at") not in (
        None,
        text(change.before, "claimed_at"),
    )


def _is_release(change: Change) -> bool:
    return "claimed_at" in (change.before or {}) and "claimed_at" not in (change.after or {})


def _token(change: Change) -> str | None:
    return text(change.after, "token")


def _fetchers(world: SimulatedWorld) -> dict[str, list[Invocation]]:
    """Returns the invocations that fetched the record of each token."""
    found: dict[str, list[Invocation]] = world.cached("fetchers", lambda: _find_fetchers(world))
    return found


def _find_fetchers(world: SimulatedWorld) -> dict[str, list[Invocation]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for invocation in world.functions.invocations:
        for token in dict.fromkeys(invocation.vendor_tokens):
            found[token].append(invocation)
    return dict(found)


def _faults(world: SimulatedWorld, history: History) -> int:
    """Returns the number of faults in invocations that concern the verification."""
    concerned: Counter[str] = world.cached("concerned", lambda: _find_concerned(world))
    return concerned[history.id] + concerned[history.person.name] + world.calls.faults_about[history.id]


def _find_concerned(world: SimulatedWorld) -> Counter[str]:
    found: Counter[str] = Counter()
    for invocation in world.functions.invocations:
        for name in () if invocation.is_downstream else invocation.about:
            found[name] += len(invocation.faults) + invocation.timed_out
    return found
