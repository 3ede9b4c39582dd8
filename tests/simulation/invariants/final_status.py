"""Rules that compare the final status with what happened at the vendor."""

import math
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from bridge.domain.reasons import ErrorCategory, classify
from tests.simulation.expressions import Item
from tests.simulation.functions import SKEW
from tests.simulation.vendor import Link
from tests.simulation.world import SimulatedWorld

from .history import History, Violation, histories, is_final, of_each, sequence, status, text, time

# The longest time in seconds from a reservation to the vendor's creation of its link, with the errors of the clocks.
_LONGEST_CREATION = 30.0
# The longest time in seconds from the fetch of an earlier link's record to the write that ends the verification.
_IN_FLIGHT = 30.0


@of_each("final status")
def final_status_matches_the_vendor(world: SimulatedWorld, history: History) -> Iterator[str]:
    found = status(history.item), text(history.item, "reason_code")
    allowed = list(_allowed(world, history))
    if found not in allowed:
        yield f"{found} instead of one of {allowed}"


def _allowed(world: SimulatedWorld, history: History) -> Iterator[tuple[str, str | None]]:
    if history.is_redacted:
        yield "expired", "redacted"
        # A redaction keeps a status that is already final.
        yield status(history.item) or "", text(history.item, "reason_code")
    if history.link is None:
        was_committed = any(sequence(change.after) and status(change.after) == "pending" for change in history.changes)
        yield ("expired", "not_started") if was_committed else ("failed", "link_not_created")
        return
    successes = [link for link in history.links[:-1] if link.succeeded]
    if successes:
        yield "verified", None
    ended = _ended(history)
    if not any(link.changed < ended - _IN_FLIGHT and _could_be_read(link, ended) for link in successes):
        # The vendor gave no proof by an earlier link in time, so the last link decides.
        yield final_outcome(history.link)
        if _continued_after_last_return(history):
            yield "rejected", text(history.item, "reason_code")
    for link in history.links:
        yield from _given_up(world, history, link)
    if was_contradicted(history.link):
        yield "failed", "inconsistent_result"


def _could_be_read(link: Link, at: float) -> bool:
    """Whether one of the vendor's last three records of an earlier link was usable, or there were fewer."""
    last = max((time for time in link.record_times if time < at), default=0.0)
    return sum(last < time < at for time in link.unusable_times) < 3


def _ended(history: History) -> float:
    """Returns the time at which the status became final, which never comes for a verification that is lost."""
    return next((change.time for change in history.status_changes() if is_final(change.after or {})), math.inf)


def final_outcome(link: Link) -> tuple[str, str | None]:
    """Returns the status and reason that the link's record justifies after the link's end."""
    if link.is_inconsistent:
        return "failed", "inconsistent_result"
    if link.succeeded:
        return "verified", None
    error = link.record["latest_error"]
    if error is None:
        return "expired", "abandoned" if link.started else "not_started"
    category, reason = classify(error)
    return ("rejected" if category in (ErrorCategory.DOCUMENT, ErrorCategory.FACE) else "failed"), reason


def _continued_after_last_return(history: History) -> bool:
    """Whether the person returned with no retries left, which rejects, and then made another step without returning."""
    if status(history.item) != "rejected" or history.link is None:
        return False
    last = max((visit.time for visit in history.visits), default=None)
    return last is not None and last < history.link.changed


def was_contradicted(link: Link) -> bool:
    """Whether the vendor sent a record that contradicts the request after the link's end. The bridge may assume an end
    that is earlier by the time that the creation of the link took."""
    return any(time > link.expires - _LONGEST_CREATION for time in link.contradiction_times)


def _given_up(world: SimulatedWorld, history: History, link: Link) -> Iterator[tuple[str, str | None]]:
    """Yields the status and reason of a justified give-up: for GiveUpHours after the link's end, the vendor sent no
    valid record that the bridge could store. The outcome of a check at the link's end then counts, if there was one."""
    give_up = float(world.parameters["GiveUpHours"]) * 3600
    for change in history.status_changes():
        reason = text(change.after, "reason_code")
        if reason and reason in ("vendor_unreachable", text(change.before or {}, "link_outcome")):
            # The end as the bridge knew it, which unreadable records do not contain.
            early = change.time < _last_end(change.before or {}) + give_up - 2 * SKEW
            silent_since = max(link.expires + 5, change.time - give_up + 2 * SKEW)
            if not early and not any(silent_since < reported < change.time - 60 for reported in link.record_times):
                yield status(change.after) or "", reason


def _last_end(item: Item) -> float:
    """Returns the end of the link; if that has passed, the end of the time for another link."""
    ends = time(item, "expires_at")
    return max(ends, time(item, "valid_until")) if "link_outcome" in item else ends


def verified_only_after_the_vendor_said_so(world: SimulatedWorld) -> Iterator[Violation]:
    """A status or redirect says verified only after the vendor's record does, whatever the query of the return says."""
    verified_at: dict[str, float] = {}
    for history in histories(world):
        for change in history.status_changes():
            if status(change.after) == "verified":
                verified_at[history.id] = change.time
                if not any(link.succeeded for link in history.links):
                    yield Violation("unproven", history.about, "verified, and the vendor never said so")
    for person in world.people:
        for visit in person.visits:
            query = parse_qs(urlsplit(visit.response.headers.get("location", "")).query)
            if query.get("status") == ["verified"] and verified_at.get(visit.id, visit.time + 1) > visit.time:
                yield Violation("unproven", (visit.id, person.name), "redirected as verified too early")
