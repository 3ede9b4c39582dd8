"""What people and frontends were told."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from tests.simulation import canaries
from tests.simulation.gateway import Answer
from tests.simulation.person import Person
from tests.simulation.world import World

from .looking import about_answer
from .violation import Violation

# Seconds that a person may be held by a slow vendor.
_LONGEST_HOLD = 10.0


def people_are_sent_on(world: World) -> Iterator[Violation]:
    """Whoever comes back with a known code is sent on, or is on a page that tries again; errors are the table's."""
    for person in world.people:
        for visit in person.visits:
            fault = _fault_of_visit(person, visit.id, visit.answer)
            if fault:
                yield Violation("sent on", (visit.id, person.name), fault)


def _fault_of_visit(person: Person, id: str, answer: Answer) -> str | None:
    if answer.seconds > _LONGEST_HOLD and not answer.met("dynamodb", "s3", "secretsmanager"):
        return f"held for {answer.seconds:.1f} s"
    if answer.status == 303:
        return _fault_of_redirect(person, id, answer.headers.get("location", ""))
    if answer.status == 404:
        return None if person.redactions else "404 for a known code"
    if answer.status == 503 and "refresh" in answer.headers:
        return None if answer.met("dynamodb") else "503 without a fault of the table"
    if answer.status in (500, 503) and any(invocation.failed for invocation in answer.invocations):
        return None if answer.met("dynamodb") else "an error without a fault of the table"
    return None if answer.met("dynamodb") and not answer.invocations else f"answered {answer.status}"


def _fault_of_redirect(person: Person, id: str, location: str) -> str | None:
    wanted, given = urlsplit(person.body["redirect_url"]), urlsplit(location)
    query = parse_qs(given.query)
    same = (wanted.netloc, wanted.path, wanted.fragment) == (given.netloc, given.path, given.fragment)
    if not same or not given.query.startswith(wanted.query) or query.get("verification_id") != [id]:
        return "sent to another place"
    return None if len(query.get("status", [])) == 1 else "sent without one status"


def errors_have_a_cause(world: World) -> Iterator[Violation]:
    """Every 5xx comes of a fault, every 409 of a request before; and no error tells what it may not."""
    for person in world.people:
        answers = [*person.creations, *person.refreshes, *person.redactions, *person.others]
        for answer in answers:
            if answer.status >= 500 and not any(i.faults or i.is_late for i in answer.invocations):
                yield Violation("errors", about_answer(person), f"{answer.status} without a fault")
            if answer.status in (400, 403, 415, 422) or (answer.status == 409 and not person.key):
                yield Violation("errors", about_answer(person), f"answered {answer.status}")
        for answer in (*answers, *(visit.answer for visit in person.visits)):
            may_tell = answer.status < 300 and answer.body.startswith(('{"object"', '{"data"'))
            if canaries.is_in(answer.body) and not may_tell:
                yield Violation("errors", about_answer(person), f"the answer {answer.status} tells too much")


def same_key_same_verification(world: World) -> Iterator[Violation]:
    """One key, one verification and one link, however often it was sent."""
    for person in world.people:
        if person.key and len(person.ids) > 1:
            yield Violation("same key", about_answer(person), f"{len(person.ids)} verifications")
        tokens = {document["token"] for document in person.created if "token" in document}
        if person.key and len(tokens) > 1:
            yield Violation("same key", about_answer(person), f"{len(tokens)} links")
        for document in person.created:
            if json.dumps(document.get("metadata")) != json.dumps(person.body["metadata"]) and not person.redactions:
                yield Violation("same key", about_answer(person), "another's verification")
