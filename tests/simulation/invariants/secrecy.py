"""What no log, message, error or redacted record may hold."""

import json
from collections.abc import Iterator

from tests.simulation import leaks
from tests.simulation.gateway import HttpResponse
from tests.simulation.world import World

from .history import History, Violation, histories, is_final, of_each


@of_each("redacted")
def redacted_ones_hold_nothing(world: World, history: History) -> Iterator[str]:
    """Once redaction is confirmed, table and bucket hold nothing of the person."""
    confirmed = any(response.status == 200 for response in history.person.redactions)
    if confirmed and history.id in history.person.ids[-1:] and not history.is_redacted:
        yield "confirmed, and not done"
    if not history.is_redacted:
        return
    if leaks.has_marker(json.dumps(history.item)):
        left = [name for name, value in history.item.items() if leaks.has_marker(json.dumps(value))]
        yield f"the table still holds {left}"
    if world.results.of(history.id):
        yield "the vendor's fields are still stored"
    for kind in ("records", "pictures"):
        if world.bucket.versions(f"{kind}/{history.id}/"):
            yield f"the bucket still holds {kind}"


@of_each("expected")
def expected_is_erased(world: World, history: History) -> Iterator[str]:
    """Whom the caller expects is never in the streamed item; nothing is left of it when nothing failed."""
    expects = "expected" in history.person.body
    if expects and leaks.has_marker(json.dumps([history.item.get(name, {}) for name in ("has_expected", "matches")])):
        yield "the table holds whom the caller expects"
    if "expected" in world.results.of(history.id) and not world.fault_counts.kinds.total():
        yield "whom the caller expected is still stored"
    has_matches = "matches" in history.item
    if has_matches and not (expects and is_final(history.item)):
        yield "matches without an end, or of nobody"


def results_are_in_the_audit_trail(world: World) -> Iterator[Violation]:
    """Each result that was given, and each redaction that was confirmed; and the trail holds nothing of the person."""
    for history in histories(world):
        given = sum(_gives_a_result(response, history.id) for response in history.person.others)
        if given > world.audit.count(history.id, "result_read"):
            yield Violation("audit", history.about, f"{given} results were given, and fewer are in the audit trail")
        redacted = sum(
            response.status == 200 and json.loads(response.body)["id"] == history.id
            for response in history.person.redactions
        )
        if redacted > world.audit.count(history.id, "redacted"):
            yield Violation("audit", history.about, "redacted, and not in the audit trail")
    for entry in world.audit.entries.values():
        if leaks.has_marker(json.dumps(entry)):
            yield Violation("audit", (), "the audit trail holds something of a person")


def _gives_a_result(response: HttpResponse, id: str) -> bool:
    document = json.loads(response.body) if response.status == 200 else {}
    return document.get("id") == id and document.get("result") is not None


def nothing_leaks(world: World) -> Iterator[Violation]:
    """No personal data, token, url, code or secret in logs, metrics, messages and dead letters."""
    for leak in dict.fromkeys(world.logs.leaks):
        yield Violation("leaks", (), leak)
    for body in world.queue.bodies:
        if leaks.has_marker(body) or set(json.loads(body)) != {"id", "due_at"}:
            yield Violation("leaks", (), "a message holds more than an id and a time")
