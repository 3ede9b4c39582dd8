"""The final status against what really happened at the vendor."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from bridge.domain.reasons import ErrorCategory, classify
from tests.simulation.expressions import Item
from tests.simulation.functions import SKEW
from tests.simulation.vendor import Link
from tests.simulation.world import World

from .history import History, Violation, histories, is_final, of_each, sequence, status, text, time

# Seconds from our reserving a verification to the vendor's making its link, clocks included.
_LONGEST_CREATION = 30.0
# Seconds from the question about an earlier link to the write that ends the verification.
_IN_FLIGHT = 30.0


@of_each("truth")
def final_status_is_the_truth(world: World, history: History) -> Iterator[str]:
    found = status(history.item), text(history.item, "reason_code")
    allowed = list(_allowed(world, history))
    if found not in allowed:
        yield f"{found} where {allowed} would be the truth"


def _allowed(world: World, history: History) -> Iterator[tuple[str, str | None]]:
    if history.is_redacted:
        yield "expired", "redacted"
        # Frozen as it stood.
        yield status(history.item) or "", text(history.item, "reason_code")
    if history.link is None:
        was_handed_out = any(sequence(change.after) and status(change.after) == "pending" for change in history.changes)
        yield ("expired", "not_started") if was_handed_out else ("failed", "link_not_created")
        return
    proofs = [link.changed for link in history.links[:-1] if link.succeeded]
    if proofs:
        yield "verified", None
    if not any(changed < _ended(history) - _IN_FLIGHT for changed in proofs):
        # No earlier link's proof was there in time.
        yield deserved(history.link)
        if _went_on_unseen(history):
            yield "rejected", text(history.item, "reason_code")
    for link in history.links:
        yield from _given_up(world, history, link)
    if was_contradicted(history.link):
        yield "failed", "inconsistent_result"


def _ended(history: History) -> float:
    """When it became final."""
    return next(change.time for change in history.status_changes() if is_final(change.after or {}))


def deserved(link: Link) -> tuple[str, str | None]:
    """Status and reason that the link's record justifies once it is over."""
    if link.is_inconsistent:
        return "failed", "inconsistent_result"
    if link.succeeded:
        return "verified", None
    error = link.record["latest_error"]
    if error is None:
        return "expired", "abandoned" if link.started else "not_started"
    category, reason = classify(error)
    return ("rejected" if category in (ErrorCategory.DOCUMENT, ErrorCategory.FACE) else "failed"), reason


def _went_on_unseen(history: History) -> bool:
    """Came back with all retries used up by the vendor's count, went on there, and never came back again."""
    if status(history.item) != "rejected" or history.link is None:
        return False
    last = max((visit.time for visit in history.visits), default=None)
    return last is not None and last < history.link.changed


def was_contradicted(link: Link) -> bool:
    """What the vendor said when the link was over was not of this verification. Our record of its end may be earlier by
    as long as the vendor took to make the link."""
    return any(time > link.expires - _LONGEST_CREATION for time in link.contradicted)


def _given_up(world: World, history: History, link: Link) -> Iterator[tuple[str, str | None]]:
    """Given up for good reason: the vendor kept silent for as long as is waited, from the end of the link, or from its
    last sound record that could not be written down. What a check had found at the end of the link then counts."""
    give_up = float(world.parameters["GiveUpHours"]) * 3600
    for change in history.status_changes():
        reason = text(change.after, "reason_code")
        if reason and reason in ("vendor_unreachable", text(change.before or {}, "link_outcome")):
            # By the end that the bridge knew: unreadable records do not say it.
            early = change.time < _last_end(change.before or {}) + give_up - 2 * SKEW
            silent_since = max(link.expires + 5, change.time - give_up + 2 * SKEW)
            if not early and not any(silent_since < reported < change.time - 60 for reported in link.reported):
                yield status(change.after) or "", reason


def _last_end(item: Item) -> float:
    """Of the link; or, if that has ended, of the time in which another one could be made."""
    ends = time(item, "expires_at")
    return max(ends, time(item, "valid_until")) if "link_outcome" in item else ends


def nothing_said_too_much(world: World) -> Iterator[Violation]:
    """No redirect says verified unless the vendor said so by then, whatever the query of the return said."""
    risen: dict[str, float] = {}
    for history in histories(world):
        for change in history.status_changes():
            if status(change.after) == "verified":
                risen[history.id] = change.time
                if not any(link.succeeded for link in history.links):
                    yield Violation("said", history.about, "verified, and the vendor never said so")
    for person in world.people:
        for visit in person.visits:
            query = parse_qs(urlsplit(visit.response.headers.get("location", "")).query)
            if query.get("status") == ["verified"] and risen.get(visit.id, visit.time + 1) > visit.time:
                yield Violation("said", (visit.id, person.name), "sent on as verified before it was")
