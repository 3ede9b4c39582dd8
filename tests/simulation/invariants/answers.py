"""What people and frontends were told."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.simulation import canaries
from tests.simulation.gateway import Answer
from tests.simulation.person import Person
from tests.simulation.world import World

from .looking import RANKS, about_answer
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
    if answer.seconds > _LONGEST_HOLD and not answer.met("dynamodb", "s3", "secretsmanager", "sqs"):
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


@dataclass(frozen=True, slots=True)
class _Told:
    """A status that a response named, and when the request began and the response arrived."""

    status: str
    began: float
    arrived: float


def status_never_falls(world: World) -> Iterator[Violation]:
    """A request that begins after a response has arrived is told at least as much, by whatever route."""
    for person in world.people:
        for id, reported in _reported(person).items():
            for later in reported:
                for earlier in reported:
                    if earlier.arrived <= later.began and RANKS[later.status] < RANKS[earlier.status]:
                        what = f"{later.status} at {later.began:.1f} after {earlier.status} at {earlier.arrived:.1f}"
                        yield Violation("falls", (id, person.name), what)


def _reported(person: Person) -> dict[str, list[_Told]]:
    """All that the person and the frontend were told, by verification."""
    found: dict[str, list[_Told]] = defaultdict(list)

    def add(id: str, status: str, answer: Answer) -> None:
        found[id].append(_Told(status, answer.at - answer.seconds, answer.at))

    for answer in (*person.creations, *person.refreshes, *person.redactions, *person.others):
        document = json.loads(answer.body) if answer.status in (200, 201) else {}
        for each in document.get("data", [document]):
            if "status" in each:
                add(each["id"], each["status"], answer)
    for visit in person.visits:
        if visit.answer.status == 303:
            (status,) = parse_qs(urlsplit(visit.answer.headers["location"]).query)["status"]
            add(visit.id, status, visit.answer)
    return found


def errors_have_a_cause(world: World) -> Iterator[Violation]:
    """Every 5xx comes of a fault, every 409 of a request before; and no error tells what it may not."""
    for person in world.people:
        answers = [*person.creations, *person.refreshes, *person.redactions, *person.others]
        for answer in answers:
            caused = any(i.faults or i.is_late for i in answer.invocations)
            # Without faults only refreshes, which come last, are held back.
            may_be_limited = answer in person.refreshes or world.tally.kinds.total() > 0
            caused = caused or (may_be_limited and _is_rate_limited(world, answer))
            if answer.status >= 500 and not caused:
                yield Violation("errors", about_answer(person), f"{answer.status} without a fault")
            if answer.status in (400, 403, 415, 422) or (answer.status == 409 and not person.key):
                yield Violation("errors", about_answer(person), f"answered {answer.status}")
        for answer in (*answers, *(visit.answer for visit in person.visits)):
            may_tell = answer.status < 300 and answer.body.startswith(('{"object"', '{"data"'))
            if canaries.is_in(answer.body) and not may_tell:
                yield Violation("errors", about_answer(person), f"the answer {answer.status} tells too much")


def _is_rate_limited(world: World, answer: Answer) -> bool:
    """Whether our own share of the vendor's rate limit was used up."""
    return bool(world.windows.refused) and '"vendor_rate_limited"' in answer.body


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
