"""The final status against what really happened at the vendor."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from bridge.domain.reasons import ErrorCategory, classify
from tests.simulation.functions import SKEW
from tests.simulation.vendor import Link
from tests.simulation.world import World

from .history import History, Violation, histories, of_each, status, text, time

# Seconds from our reserving a verification to the vendor's making its link, clocks included.
_LONGEST_CREATION = 30.0


@of_each("truth")
def final_status_is_the_truth(world: World, history: History) -> Iterator[str]:
    found = status(history.item), text(history.item, "reason_code")
    allowed = list(_allowed(world, history))
    if found not in allowed:
        yield f"{found} where {allowed} would be the truth"


def _allowed(world: World, history: History) -> Iterator[tuple[str, str | None]]:
    if history.link is None:
        yield "failed", "link_not_created"
        return
    yield _deserved(history.link)
    if history.is_redacted:
        yield "expired", "redacted"
        # Frozen as it stood.
        yield status(history.item) or "", text(history.item, "reason_code")
    if _went_on_unseen(history):
        yield "rejected", text(history.item, "reason_code")
    if _was_unreachable(world, history, history.link):
        yield "failed", "vendor_unreachable"
    if _was_contradicted(history.link):
        yield "failed", "inconsistent_result"


def _deserved(link: Link) -> tuple[str, str | None]:
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


def _was_contradicted(link: Link) -> bool:
    """What the vendor said when the link was over was not of this verification. Our record of its end may be earlier by
    as long as the vendor took to make the link."""
    return any(time > link.expires - _LONGEST_CREATION for time in link.contradicted)


def _was_unreachable(world: World, history: History, link: Link) -> bool:
    """Given up for good reason: the vendor kept silent for as long as is waited, from the end of the link, or from its
    last sound record that could not be written down."""
    give_up = float(world.parameters["GiveUpHours"]) * 3600
    for change in history.status_changes():
        if text(change.after, "reason_code") == "vendor_unreachable":
            # By the end that the bridge knew: unreadable records do not say it.
            early = change.time < time(change.before or {}, "expires_at") + give_up - 2 * SKEW
            silent_since = max(link.expires + 5, change.time - give_up + 2 * SKEW)
            return not early and not any(silent_since < reported < change.time - 60 for reported in link.reported)
    return False


def nothing_said_too_much(world: World) -> Iterator[Violation]:
    """No redirect says verified unless the vendor said so by then, whatever the query of the return said."""
    risen: dict[str, float] = {}
    for history in histories(world):
        for change in history.status_changes():
            if status(change.after) == "verified":
                risen[history.id] = change.time
                if not (history.link and history.link.succeeded):
                    yield Violation("said", history.about, "verified, and the vendor never said so")
    for person in world.people:
        for visit in person.visits:
            query = parse_qs(urlsplit(visit.response.headers.get("location", "")).query)
            if query.get("status") == ["verified"] and risen.get(visit.id, visit.time + 1) > visit.time:
                yield Violation("said", (visit.id, person.name), "sent on as verified before it was")
