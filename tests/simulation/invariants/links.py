"""The links that a start page creates: when, how many, and how each ends."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from bridge.domain.links import MAX_LINKS
from tests.simulation.expressions import Item
from tests.simulation.functions import SKEW, Invocation
from tests.simulation.person import Visit
from tests.simulation.vendor import Link
from tests.simulation.world import SimulatedWorld

from .final_status import final_outcome, was_contradicted
from .history import History, Rule, Violation, is_final, of_each, sequence, status, text, time
from .responses import LONGEST_RESPONSE


def _of_start_pages(rule: str) -> Callable[[Callable[[SimulatedWorld, History], Iterator[str]]], Rule]:
    """Decorates a check like of_each, for verifications with a start page only."""

    def decorate(check: Callable[[SimulatedWorld, History], Iterator[str]]) -> Rule:
        return of_each(rule)(lambda world, history: check(world, history) if history.has_start_page else iter(()))

    return decorate


@_of_start_pages("three links")
def at_most_three_links_are_created(world: SimulatedWorld, history: History) -> Iterator[str]:
    if len(history.links) > MAX_LINKS:
        yield f"{len(history.links)} links"
    if not history.person.taps and _created(world, history):
        yield "a link without a tap"


@_of_start_pages("two links")
def no_two_links_overlap(world: SimulatedWorld, history: History) -> Iterator[str]:
    """A link begins after the end of the one before. A link whose creation had a fault counts only if it is stored."""
    usable = [link for link in _created(world, history) if link in history.links or not link.by.faults]
    for earlier, later in pairwise(sorted(usable, key=lambda link: link.created)):
        if later.created < earlier.expires:
            yield f"a link was created {earlier.expires - later.created:.1f} s before the end of another one"


@_of_start_pages("orphans")
def each_link_is_stored(world: SimulatedWorld, history: History) -> Iterator[str]:
    """Unless its creation had a fault, or the verification ended meanwhile."""
    for link in _created(world, history):
        has_ended = is_final(history.at(link.by.ended)) if history.at(link.by.ended) else False
        if link not in history.links and not link.by.faults and not has_ended:
            yield "a link that is not stored"


@_of_start_pages("after the end")
def no_link_is_created_after_the_end(world: SimulatedWorld, history: History) -> Iterator[str]:
    """A tap after the final status, or after valid_until, creates no link."""
    ended = next((change.time for change in history.changes if change.after and is_final(change.after)), None)
    for link in _created(world, history):
        if ended is not None and link.by.started > ended:
            yield f"a link was created {link.by.started - ended:.1f} s after the end"
        if link.by.started > time(history.item, "valid_until") + 2 * SKEW:
            yield "a link was created after valid_until"


@_of_start_pages("outcome")
def link_outcomes_match_the_vendor(world: SimulatedWorld, history: History) -> Iterator[str]:
    """The stored outcome of an ended link matches the vendor's record. A rejection ends the verification instead,
    unless an earlier link succeeded."""
    for change in history.changes:
        outcome = text(change.after, "link_outcome")
        if outcome is None or text(change.before, "link_outcome") == outcome:
            continue
        link = world.vendor.links[text(change.after, "token") or ""]
        # A person who is rejected with this link may have passed with an earlier one, which a later check finds.
        has_passed_earlier = status(change.after) == "verified" and outcome == final_outcome(link)[1]
        if outcome not in _outcomes(link, change.time) and not has_passed_earlier:
            yield f"a link ended as {outcome}"
        if change.time < link.expires and not has_passed_earlier:
            yield "a link ended before its end"


def _outcomes(link: Link, ended: float) -> Iterator[str | None]:
    found, reason = final_outcome(link)
    if found in ("expired", "failed"):
        yield reason
    if link.changed > link.expires:
        # The vendor stored the last step late.
        yield from ("abandoned", "not_started", "vendor_error")
    if was_contradicted(link):
        yield "inconsistent_result"
    if not any(link.expires < reported < ended - 60 for reported in link.record_times):
        yield "vendor_unreachable"


@_of_start_pages("ended early")
def it_ends_only_if_no_link_can_follow(world: SimulatedWorld, history: History) -> Iterator[str]:
    """Without success, rejection or redaction, a verification stays open until valid_until or the third link's end."""
    for change in history.status_changes():
        after = change.after or {}
        # A reservation may fail at any time.
        is_unfinished = status(after) in ("expired", "failed") and sequence(change.before) > 0
        is_unfinished = is_unfinished and text(after, "reason_code") != "redacted"
        if is_unfinished and _count(after) < MAX_LINKS and change.time < time(after, "valid_until") - SKEW:
            yield f"{status(after)} after {_count(after)} links, and before valid_until"


def _count(item: Item) -> int:
    return len(item.get("ended_links", {"L": []})["L"]) + ("token" in item)


@_of_start_pages("unopened")
def unopened_start_pages_cost_no_vendor_call(world: SimulatedWorld, history: History) -> Iterator[str]:
    if history.person.taps:
        return
    # An invocation with a batch concerns several verifications.
    if any(each.about == [history.id] for each in world.cached("vendor callers", lambda: _vendor_callers(world))):
        yield "the vendor was called, although nobody tapped"


def _vendor_callers(world: SimulatedWorld) -> list[Invocation]:
    return [each for each in world.functions.invocations if each.vendor_tokens]


@_of_start_pages("taps")
def taps_redirect(world: SimulatedWorld, history: History) -> Iterator[str]:
    """A tap redirects to a usable link or to the start page. An error has a cause: a fault, a redaction or a limit."""
    for tap in history.person.taps:
        if tap.id == history.id and (fault := _fault_of_tap(world, history, tap)):
            yield fault


def _fault_of_tap(world: SimulatedWorld, history: History, tap: Visit) -> str | None:
    response = tap.response
    if response.seconds > LONGEST_RESPONSE and not response.had_fault_of("dynamodb", "secretsmanager"):
        return f"responded after {response.seconds:.1f} s"
    location = response.headers.get("location", "")
    link = world.vendor.links.get(location.rpartition("token=")[2])
    if link is not None:
        # Until it has a record, the bridge assumes its own setting.
        ends = max(link.expires, link.by.ended + float(world.parameters["LinkLifetimeSeconds"]))
        is_usable = link in history.links and tap.time - response.seconds < ends + 2 * SKEW
        return None if is_usable else "redirected to an unusable link"
    if response.status == 303:
        page = history.person.created[-1]["start_url"] or f"/start/{history.id}/"
        return None if page in location else "redirected to another place"
    if response.status == 404:
        return None if history.person.redactions else "404 for a known code"
    had_a_fault = any(each.faults or each.timed_out for each in response.invocations)
    # The rate limiter rejects a request without a vendor call.
    called_vendor = any("" in each.vendor_tokens for each in response.invocations)
    is_limited = response.status == 503 and bool(world.rate_table.refused) and not called_vendor
    if had_a_fault or is_limited or response.status == 429:
        return None
    return f"responded {response.status} without a fault"


def _created(world: SimulatedWorld, history: History) -> list[Link]:
    """Returns the links that the vendor created for a verification, in order."""
    created: dict[str, list[Link]] = world.cached("links created", lambda: _find_created(world))
    return created.get(history.id, [])


def _find_created(world: SimulatedWorld) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = defaultdict(list)
    for link in world.vendor.links.values():
        found[link.return_url.split("/")[-2]].append(link)
    return dict(found)


def scans_change_nothing(world: SimulatedWorld) -> Iterator[Violation]:
    """A GET of the start page writes nothing and calls nobody."""
    numbers = {
        each.number: scan.id
        for person in world.people
        for scan in person.scans
        for each in scan.response.invocations
        if each.function == "redirect"
    }
    for change in world.table.stream if numbers else ():
        if change.by and not isinstance(change.by, str) and change.by.number in numbers:
            yield Violation("scans", (change.id,), "opening the page wrote something")
    for invocation in world.functions.invocations if numbers else ():
        if invocation.number in numbers and invocation.vendor_tokens:
            yield Violation("scans", (numbers[invocation.number],), "opening the page called the vendor")
