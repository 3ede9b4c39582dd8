"""Rules about the responses that people and frontends get."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.simulation import leaks
from tests.simulation.gateway import HttpResponse
from tests.simulation.person import Person
from tests.simulation.world import SimulatedWorld

from .history import RANKS, Violation, about_person

# The longest response in seconds with a slow vendor.
LONGEST_RESPONSE = 10.0


def people_are_redirected(world: SimulatedWorld) -> Iterator[Violation]:
    """A return with a known code is redirected; after a fault of the table it gets a page that reloads itself."""
    for person in world.people:
        for visit in person.visits:
            fault = _fault_of_visit(person, visit.id, visit.response)
            if fault:
                yield Violation("redirected", (visit.id, person.name), fault)


def _fault_of_visit(person: Person, id: str, response: HttpResponse) -> str | None:
    if response.seconds > LONGEST_RESPONSE and not response.had_fault_of("dynamodb", "s3", "secretsmanager", "sqs"):
        return f"responded after {response.seconds:.1f} s"
    if response.status == 303:
        return _fault_of_redirect(person, id, response.headers.get("location", ""))
    if response.status == 404:
        return None if person.redactions else "404 for a known code"
    if response.status == 503 and "refresh" in response.headers:
        return None if response.had_fault_of("dynamodb") else "503 without a fault of the table"
    if response.status in (500, 503) and any(invocation.failed for invocation in response.invocations):
        return None if response.had_fault_of("dynamodb") else "an error without a fault of the table"
    return None if response.had_fault_of("dynamodb") and not response.invocations else f"responded {response.status}"


def _fault_of_redirect(person: Person, id: str, location: str) -> str | None:
    wanted, given = urlsplit(person.body["redirect_url"]), urlsplit(location)
    query = parse_qs(given.query)
    same = (wanted.netloc, wanted.path, wanted.fragment) == (given.netloc, given.path, given.fragment)
    if not same or not given.query.startswith(wanted.query) or query.get("verification_id") != [id]:
        return "redirected to another place"
    return None if len(query.get("status", [])) == 1 else "redirected without exactly one status"


@dataclass(frozen=True, slots=True)
class _Reported:
    """A status in a response, and when the request began and the response arrived."""

    status: str
    began: float
    arrived: float


def status_never_goes_back(world: SimulatedWorld) -> Iterator[Violation]:
    """A response has at least the status of every response that arrived before its request, on any route."""
    for person in world.people:
        for id, reported in _reported(person).items():
            for later in reported:
                for earlier in reported:
                    if earlier.arrived <= later.began and RANKS[later.status] < RANKS[earlier.status]:
                        what = f"{later.status} at {later.began:.1f} after {earlier.status} at {earlier.arrived:.1f}"
                        yield Violation("goes back", (id, person.name), what)


def _reported(person: Person) -> dict[str, list[_Reported]]:
    """Returns all statuses that the person and the frontend got, by verification."""
    found: dict[str, list[_Reported]] = defaultdict(list)

    def add(id: str, status: str, response: HttpResponse) -> None:
        found[id].append(_Reported(status, response.at - response.seconds, response.at))

    for response in (*person.creations, *person.refreshes, *person.redactions, *person.other_responses):
        document = json.loads(response.body) if response.status in (200, 201) else {}
        for each in document.get("data", [document]):
            if "status" in each:
                add(each["id"], each["status"], response)
    for visit in person.visits:
        if visit.response.status == 303:
            (status,) = parse_qs(urlsplit(visit.response.headers["location"]).query)["status"]
            add(visit.id, status, visit.response)
    return found


def errors_have_a_cause(world: SimulatedWorld) -> Iterator[Violation]:
    """A fault causes each 5xx, an earlier request each 409; no error has the marker."""
    for person in world.people:
        responses = [*person.creations, *person.refreshes, *person.redactions, *person.other_responses]
        for response in responses:
            caused = any(i.faults or i.timed_out for i in response.invocations)
            # Without faults the rate limiter rejects refreshes only, which have the lowest priority.
            may_be_limited = response in person.refreshes or world.fault_counts.kinds.total() > 0
            caused = caused or (may_be_limited and _is_rate_limited(world, response))
            if response.status >= 500 and not caused:
                yield Violation("errors", about_person(person), f"{response.status} without a fault")
            if response.status in (400, 403, 415, 422) or (response.status == 409 and not person.key):
                yield Violation("errors", about_person(person), f"responded {response.status}")
        for response in (*responses, *(visit.response for visit in (*person.visits, *person.taps))):
            may_have_it = response.status < 300 and response.body.startswith(('{"object"', '{"data"'))
            if leaks.has_marker(response.body) and not may_have_it:
                yield Violation("errors", about_person(person), f"the response {response.status} has the marker")


def _is_rate_limited(world: SimulatedWorld, response: HttpResponse) -> bool:
    """Whether the rate limiter rejected the request."""
    return bool(world.rate_table.refused) and '"vendor_rate_limited"' in response.body


def same_key_same_verification(world: SimulatedWorld) -> Iterator[Violation]:
    """Repeated requests with one key create one verification, with one link or start page."""
    for person in world.people:
        if person.key and len(person.ids) > 1:
            yield Violation("same key", about_person(person), f"{len(person.ids)} verifications")
        link = "start_url" if person.opens else "token"
        tokens = {document[link] for document in person.created if document.get(link)}
        if person.key and len(tokens) > 1:
            yield Violation("same key", about_person(person), f"{len(tokens)} links")
        for document in person.created:
            if json.dumps(document.get("metadata")) != json.dumps(person.body["metadata"]) and not person.redactions:
                yield Violation("same key", about_person(person), "another's verification")
