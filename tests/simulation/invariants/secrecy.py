"""Rules about what logs, messages and redacted records may not contain."""

import json
from collections.abc import Iterator

from tests.simulation import leaks
from tests.simulation.gateway import HttpResponse
from tests.simulation.world import SimulatedWorld

from .history import History, Violation, histories, is_final, of_each


@of_each("redacted")
def redacted_verifications_hold_no_personal_data(world: SimulatedWorld, history: History) -> Iterator[str]:
    """After a confirmed redaction, tables and bucket have no personal data."""
    confirmed = any(response.status == 200 for response in history.person.redactions)
    if confirmed and history.id in history.person.ids[-1:] and not history.is_redacted:
        yield "the redaction is confirmed, but not stored"
    if not history.is_redacted:
        return
    if leaks.has_marker(json.dumps(history.item)):
        left = [name for name, value in history.item.items() if leaks.has_marker(json.dumps(value))]
        yield f"the table still has {left}"
    if world.results.of(history.id):
        yield "the vendor's fields are still stored"
    for kind in ("records", "pictures"):
        if world.bucket.versions(f"{kind}/{history.id}/"):
            yield f"the bucket still has {kind}"


@of_each("expected")
def expected_person_is_erased(world: SimulatedWorld, history: History) -> Iterator[str]:
    """`expected` is never in the streamed item. Without faults it is erased everywhere in the end."""
    expects = "expected" in history.person.body
    if expects and leaks.has_marker(json.dumps([history.item.get(name, {}) for name in ("has_expected", "matches")])):
        yield "the table has `expected`"
    if "expected" in world.results.of(history.id) and not world.fault_counts.kinds.total():
        yield "`expected` is still stored"
    has_matches = "matches" in history.item
    if has_matches and not (expects and is_final(history.item)):
        yield "`matches` before the final status, or without `expected`"


def results_are_in_the_audit_trail(world: SimulatedWorld) -> Iterator[Violation]:
    """The audit trail has each result that was read and each confirmed redaction, and no personal data."""
    for history in histories(world):
        read = sum(_has_a_result(response, history.id) for response in history.person.other_responses)
        if read > world.audit.count(history.id, "result_read"):
            yield Violation("audit", history.about, f"{read} results were read, and the audit trail has fewer")
        redacted = sum(
            response.status == 200 and json.loads(response.body)["id"] == history.id
            for response in history.person.redactions
        )
        if redacted > world.audit.count(history.id, "redacted"):
            yield Violation("audit", history.about, "a redaction is not in the audit trail")
    for entry in world.audit.entries.values():
        if leaks.has_marker(json.dumps(entry)):
            yield Violation("audit", (), "the audit trail has personal data")


def _has_a_result(response: HttpResponse, id: str) -> bool:
    document = json.loads(response.body) if response.status == 200 else {}
    return document.get("id") == id and document.get("result") is not None


def nothing_leaks(world: SimulatedWorld) -> Iterator[Violation]:
    """Logs, metrics, messages and dead letters have no personal data, tokens, URLs, codes or secrets."""
    for leak in dict.fromkeys(world.logs.leaks):
        yield Violation("leaks", (), leak)
    for body in world.queue.bodies:
        if leaks.has_marker(body) or set(json.loads(body)) != {"id", "due_at"}:
            yield Violation("leaks", (), "a message has more than an id and a time")
