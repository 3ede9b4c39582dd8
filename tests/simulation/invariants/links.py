"""The links that a start page made: when, how many, and what became of each."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from bridge.domain.links import MAX_LINKS
from tests.simulation.expressions import Item
from tests.simulation.functions import SKEW, Invocation
from tests.simulation.person import Visit
from tests.simulation.vendor import Link
from tests.simulation.world import World

from .history import History, Rule, Violation, is_final, of_each, sequence, status, text, time
from .responses import LONGEST_HOLD
from .truth import deserved, was_contradicted


def _of_start_pages(rule: str) -> Callable[[Callable[[World, History], Iterator[str]]], Rule]:
    """Makes a rule of a function that yields what is wrong with one verification that has a start page."""

    def decorate(check: Callable[[World, History], Iterator[str]]) -> Rule:
        return of_each(rule)(lambda world, history: check(world, history) if history.has_start_page else iter(()))

    return decorate


@_of_start_pages("three links")
def at_most_three_are_made(world: World, history: History) -> Iterator[str]:
    if len(history.links) > MAX_LINKS:
        yield f"{len(history.links)} links"
    if not history.person.taps and _made(world, history):
        yield "a link that nobody asked for"


@_of_start_pages("two links")
def never_two_can_be_used(world: World, history: History) -> Iterator[str]:
    """By the vendor's own times. A link whose making met a fault may be known to nobody."""
    handed_out = [link for link in _made(world, history) if link in history.links or not link.by.faults]
    for earlier, later in pairwise(sorted(handed_out, key=lambda link: link.created)):
        if later.created < earlier.expires:
            yield f"a link was made {earlier.expires - later.created:.1f} s before the end of another one"


@_of_start_pages("orphans")
def each_is_in_the_record(world: World, history: History) -> Iterator[str]:
    """Or its making met a fault, or the verification ended meanwhile."""
    for link in _made(world, history):
        has_ended = is_final(history.at(link.by.ended)) if history.at(link.by.ended) else False
        if link not in history.links and not link.by.faults and not has_ended:
            yield "a link that the record does not know"


@_of_start_pages("after the end")
def none_is_made_after_the_end(world: World, history: History) -> Iterator[str]:
    """Not by a tap that came after it; and the record's link changes only while it is open."""
    ended = next((change.time for change in history.changes if change.after and is_final(change.after)), None)
    for link in _made(world, history):
        if ended is not None and link.by.started > ended:
            yield f"a link was made {link.by.started - ended:.1f} s after the end"
        if link.by.started > time(history.item, "valid_until") + 2 * SKEW:
            yield "a link was made too late"


@_of_start_pages("outcome")
def ended_links_are_the_truth(world: World, history: History) -> Iterator[str]:
    """What the record says of a link that ended. A rejection ends all, unless an earlier link has a proof."""
    for change in history.changes:
        outcome = text(change.after, "link_outcome")
        if outcome is None or text(change.before, "link_outcome") == outcome:
            continue
        link = world.vendor.links[text(change.after, "token") or ""]
        is_verified = status(change.after) == "verified"
        if outcome not in _outcomes(link, change.time) and not (is_verified and outcome == deserved(link)[1]):
            yield f"a link ended as {outcome}"
        if change.time < link.expires:
            yield "a link ended before its end"


def _outcomes(link: Link, ended: float) -> Iterator[str | None]:
    found, reason = deserved(link)
    if found in ("expired", "failed"):
        yield reason
    if link.changed > link.expires:
        # Its last step was stored late.
        yield from ("abandoned", "not_started", "vendor_error")
    if was_contradicted(link):
        yield "inconsistent_result"
    if not any(link.expires < reported < ended - 60 for reported in link.reported):
        yield "vendor_unreachable"


@_of_start_pages("ended early")
def it_ends_only_when_no_link_can_follow(world: World, history: History) -> Iterator[str]:
    """Without a proof, a rejection or a redaction it stays open while it is valid, for three links."""
    for change in history.status_changes():
        after = change.after or {}
        # A reservation may fail at any time.
        is_unfinished = status(after) in ("expired", "failed") and sequence(change.before) > 0
        is_unfinished = is_unfinished and text(after, "reason_code") != "redacted"
        if is_unfinished and _count(after) < MAX_LINKS and change.time < time(after, "valid_until") - SKEW:
            yield f"{status(after)} after {_count(after)} links, and before its time"


def _count(item: Item) -> int:
    return len(item.get("ended_links", {"L": []})["L"]) + ("token" in item)


@_of_start_pages("unopened")
def unopened_ones_cost_nothing(world: World, history: History) -> Iterator[str]:
    """No call of the vendor where nobody hit the page's button."""
    if history.person.taps:
        return
    # A batch is about several.
    if any(each.about == [history.id] for each in world.cached("askers of all", lambda: _askers(world))):
        yield "the vendor was called, and nobody opened it"


def _askers(world: World) -> list[Invocation]:
    return [each for each in world.functions.invocations if each.asked]


@_of_start_pages("taps")
def taps_lead_on(world: World, history: History) -> Iterator[str]:
    """To a link of the record that can be used, or to the start page; with an error only after a fault."""
    for tap in history.person.taps:
        if tap.id == history.id and (fault := _fault_of_tap(world, history, tap)):
            yield fault


def _fault_of_tap(world: World, history: History, tap: Visit) -> str | None:
    response = tap.response
    if response.seconds > LONGEST_HOLD and not response.met("dynamodb", "secretsmanager"):
        return f"held for {response.seconds:.1f} s"
    location = response.headers.get("location", "")
    link = world.vendor.links.get(location.rpartition("token=")[2])
    if link is not None:
        # Before its first record, the bridge knows only its setting.
        ends = max(link.expires, link.by.ended + float(world.parameters["LinkLifetimeSeconds"]))
        is_of_use = link in history.links and tap.time - response.seconds < ends + 2 * SKEW
        return None if is_of_use else "sent to a link of no use"
    if response.status == 303:
        page = history.person.created[-1]["start_url"] or f"/start/{history.id}/"
        return None if page in location else "sent to another place"
    if response.status == 404:
        return None if history.person.redactions else "404 for a known code"
    met_a_fault = any(each.faults or each.is_late for each in response.invocations)
    # By the shared limit, and then without a vendor call.
    asked_vendor = any("" in each.asked for each in response.invocations)
    is_limited = response.status == 503 and bool(world.windows.refused) and not asked_vendor
    if met_a_fault or is_limited or response.status == 429:
        return None
    return f"responded {response.status} without a fault"


def _made(world: World, history: History) -> list[Link]:
    """The links that the vendor made for it, in their order."""
    made: dict[str, list[Link]] = world.cached("links made", lambda: _find_made(world))
    return made.get(history.id, [])


def _find_made(world: World) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = defaultdict(list)
    for link in world.vendor.links.values():
        found[link.return_url.split("/")[-2]].append(link)
    return dict(found)


def scans_change_nothing(world: World) -> Iterator[Violation]:
    """What only opens the page has no effect."""
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
        if invocation.number in numbers and invocation.asked:
            yield Violation("scans", (numbers[invocation.number],), "opening the page called the vendor")
