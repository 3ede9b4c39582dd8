"""What may stand nowhere."""

import json
from collections.abc import Iterator

from tests.simulation import canaries
from tests.simulation.gateway import Answer
from tests.simulation.world import World

from .looking import cases
from .violation import Violation


def redacted_ones_hold_nothing(world: World) -> Iterator[Violation]:
    """Once redaction is confirmed, table and bucket hold nothing of the person."""
    for case in cases(world):
        confirmed = any(answer.status == 200 for answer in case.person.redactions)
        if confirmed and case.id in case.person.ids[-1:] and not case.is_redacted:
            yield Violation("redacted", case.about, "confirmed, and not done")
        if not case.is_redacted:
            continue
        if canaries.is_in(json.dumps(case.item)):
            left = [name for name, value in case.item.items() if canaries.is_in(json.dumps(value))]
            yield Violation("redacted", case.about, f"the table still holds {left}")
        if world.results.of(case.id):
            yield Violation("redacted", case.about, "the vendor's fields are still stored")
        for kind in ("records", "pictures"):
            if world.bucket.versions(f"{kind}/{case.id}/"):
                yield Violation("redacted", case.about, f"the bucket still holds {kind}")


def whoever_was_given_data_stands_in_the_trail(world: World) -> Iterator[Violation]:
    """Each result that was given, and each redaction that was confirmed; and the trail says nothing of the person."""
    for case in cases(world):
        given = sum(_gives_a_result(answer, case.id) for answer in case.person.others)
        if given > world.audit.of(case.id, "result_read"):
            yield Violation("audit", case.about, f"{given} results were given, and fewer stand in the audit trail")
        redacted = sum(
            answer.status == 200 and json.loads(answer.body)["id"] == case.id for answer in case.person.redactions
        )
        if redacted > world.audit.of(case.id, "redacted"):
            yield Violation("audit", case.about, "redacted, and not in the audit trail")
    for entry in world.audit.entries.values():
        if canaries.is_in(json.dumps(entry)):
            yield Violation("audit", (), "the audit trail says something of a person")


def _gives_a_result(answer: Answer, id: str) -> bool:
    document = json.loads(answer.body) if answer.status == 200 else {}
    return document.get("id") == id and document.get("result") is not None


def nothing_leaks(world: World) -> Iterator[Violation]:
    """No personal data, token, url, code or secret in logs, metrics, messages and dead letters."""
    for leak in dict.fromkeys(world.sink.leaks):
        yield Violation("leaks", (), leak)
    for body in world.queue.bodies:
        if canaries.is_in(body) or set(json.loads(body)) != {"id", "due_at"}:
            yield Violation("leaks", (), "a message holds more than an id and a time")
