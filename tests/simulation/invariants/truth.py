"""The final status against what really happened at the vendor."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from bridge.domain.reasons import ErrorCategory, classify
from tests.simulation.functions import SKEW
from tests.simulation.vendor import Link
from tests.simulation.world import World

from .looking import Case, cases, status, text, time
from .violation import Violation

# Seconds from our reserving a verification to the vendor's making its link, clocks included.
_LONGEST_CREATION = 30.0


def final_status_is_the_truth(world: World) -> Iterator[Violation]:
    for case in cases(world):
        found = status(case.item), text(case.item, "reason_code")
        allowed = list(_allowed(world, case))
        if found not in allowed:
            yield Violation("truth", case.about, f"{found} where {allowed} would be the truth")


def _allowed(world: World, case: Case) -> Iterator[tuple[str, str | None]]:
    if case.link is None:
        yield "failed", "link_not_created"
        return
    yield _deserved(case.link)
    if case.is_redacted:
        yield "expired", "redacted"
        # Frozen as it stood.
        yield status(case.item) or "", text(case.item, "reason_code")
    if _went_on_unseen(case):
        yield "rejected", text(case.item, "reason_code")
    if _was_unreachable(world, case, case.link):
        yield "failed", "vendor_unreachable"
    if _was_contradicted(case.link):
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


def _went_on_unseen(case: Case) -> bool:
    """Came back with all retries used up by the vendor's count, went on there, and never came back again."""
    if status(case.item) != "rejected" or case.link is None:
        return False
    last = max((visit.time for visit in case.visits), default=None)
    return last is not None and last < case.link.changed


def _was_contradicted(link: Link) -> bool:
    """What the vendor said when the link was over was not of this verification. Our record of its end may be earlier by
    as long as the vendor took to make the link."""
    return any(time > link.expires - _LONGEST_CREATION for time in link.contradicted)


def _was_unreachable(world: World, case: Case, link: Link) -> bool:
    """Given up for good reason: the vendor kept silent for as long as is waited, from the end of the link, or from its
    last sound record that could not be written down."""
    give_up = float(world.stack.parameters["GiveUpHours"]) * 3600
    for change in case.rises():
        if text(change.after, "reason_code") == "vendor_unreachable":
            # By what we knew of the end: unreadable records do not tell it.
            early = change.time < time(change.before or {}, "expires_at") + give_up - 2 * SKEW
            silent_since = max(link.expires + 5, change.time - give_up + 2 * SKEW)
            return not early and not any(silent_since < reported < change.time - 60 for reported in link.reported)
    return False


def nothing_said_too_much(world: World) -> Iterator[Violation]:
    """Nobody is sent on as verified unless the vendor said so by then, whatever stood in the return's query."""
    risen: dict[str, float] = {}
    for case in cases(world):
        for change in case.rises():
            if status(change.after) == "verified":
                risen[case.id] = change.time
                if not (case.link and case.link.succeeded):
                    yield Violation("said", case.about, "verified, and the vendor never said so")
    for person in world.people:
        for visit in person.visits:
            query = parse_qs(urlsplit(visit.answer.headers.get("location", "")).query)
            if query.get("status") == ["verified"] and risen.get(visit.id, visit.time + 1) > visit.time:
                yield Violation("said", (visit.id, person.name), "sent on as verified before it was")
