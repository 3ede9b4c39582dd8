"""The fault matrix: for each external call and fault, what the caller sees and what completes the verification.

    python -m tests.simulation.matrix [--write]       --write updates docs/fault-matrix.md

Each cell is a run with that one fault, checked by all invariants. An AWS fault is at all of botocore's attempts,
because a fault at the first attempt alone has no visible effect.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from . import faults, single
from .expressions import Item
from .functions import Invocation
from .gateway import HttpResponse
from .invariants import check
from .invariants.history import is_final, sequence
from .receivers import Endpoint
from .world import SimulatedWorld

PAGE = Path(__file__).parents[2] / "docs/fault-matrix.md"
SEED = "1"

# The columns. Each has an AWS fault, a vendor fault, and a fault of a webhook's endpoint.
FAULTS = {
    "refused": ("refused", "no_connection", "refused"),
    "throttled": ("throttled", "http_429", "http_429"),
    "timeout before": ("timeout_before", "stall_before", "stall_before"),
    "timeout after": ("timeout_after", "stall_after", "stall_after"),
    "malformed": ("malformed", "html", "lost"),
    "crash before": ("crash_before", "crash_before", "crash_before"),
    "crash after": ("crash_after", "crash_after", "crash_after"),
}
_FAULT_INDEX = {"GET": 1, "POST": 1, "POST webhook": 2}
# Nobody reloads API Gateway's own error page by hand, because a cell shows what happens without help.
WAYS = {
    way: replace(profile, reloads=False)
    for way, profile in {
        **single.PROFILES,
        "walks away": replace(single.PROFILES["returns"], walks_away=1.0),
        "is read": replace(single.PROFILES["never returns"], refreshes=1.0, reads=1.0),
        "is replayed": replace(single.PROFILES["returns"], replays=1.0),
    }.items()
}
# Endpoints for a single type of event.
_ENDPOINTS = {
    "webhooks": (Endpoint("crm", "fails once", ("verification.created",)),),
    "webhooks to nowhere": (Endpoint("crm", "gone at once", ("verification.created",)),),
}
WAYS |= dict.fromkeys(_ENDPOINTS, WAYS["returns"])
_COMPLETED_BY = {"verifications": "the caller", "redirect": "the page", "finalize": "finalize", "deliver": "deliver"}


@dataclass(frozen=True, slots=True)
class Row:
    """One external call: the `occurrence`-th of an operation in the `nth` invocation of a function, in the flow `way`.

    `aim` is the state that the call leads to: created, opened (the item has a link), final, redacted (in table, bucket
    and audit trail), cleared (no longer due), read, delivered (the endpoint accepted the webhook), dead letter.
    """

    name: str
    way: str
    function: str
    nth: int
    operation: str
    occurrence: int
    aim: str


ROWS = (
    Row("authorize: read the keys", "returns", "authorize", 1, "GetSecretValue", 1, "created"),
    Row("create: reserve", "returns", "verifications", 1, "PutItem", 1, "created"),
    Row("create: count the vendor call", "returns", "verifications", 1, "UpdateItem rate", 1, "created"),
    Row("create: read the credentials", "returns", "verifications", 1, "GetSecretValue", 1, "created"),
    Row("create: request a link from the vendor", "returns", "verifications", 1, "POST", 1, "created"),
    Row("create: commit", "returns", "verifications", 1, "UpdateItem", 1, "created"),
    Row("start: read", "starts", "redirect", 1, "GetItem", 1, "opened"),
    Row("start: lease", "starts", "redirect", 1, "UpdateItem", 1, "opened"),
    Row("start: count the vendor call", "starts", "redirect", 1, "UpdateItem rate", 1, "opened"),
    Row("start: request a link from the vendor", "starts", "redirect", 1, "POST", 1, "opened"),
    Row("start: commit", "starts", "redirect", 1, "UpdateItem", 2, "opened"),
    Row("return: claim", "returns", "redirect", 1, "UpdateItem", 1, "final"),
    Row("return: count the vendor call", "returns", "redirect", 1, "UpdateItem rate", 1, "final"),
    Row("return: read the credentials", "returns", "redirect", 1, "GetSecretValue", 1, "final"),
    Row("return: fetch from the vendor", "returns", "redirect", 1, "GET", 1, "final"),
    Row("return: store the evidence", "returns", "redirect", 1, "PutObject", 1, "final"),
    Row("return: store the fields", "returns", "redirect", 1, "PutItem results", 1, "final"),
    Row("return: advance", "returns", "redirect", 1, "UpdateItem", 2, "final"),
    Row("return: send a follow-up", "walks away", "redirect", 1, "SendMessageBatch", 1, "final"),
    Row("refresh: claim", "is read", "verifications", 2, "UpdateItem", 1, "final"),
    Row("refresh: fetch from the vendor", "is read", "verifications", 2, "GET", 1, "final"),
    Row("refresh: store the evidence", "is read", "verifications", 2, "PutObject", 1, "final"),
    Row("refresh: store the fields", "is read", "verifications", 2, "PutItem results", 1, "final"),
    Row("refresh: advance", "is read", "verifications", 2, "UpdateItem", 2, "final"),
    Row("sweep: read the depth of the queue", "never returns", "sweep", 1, "GetQueueAttributes", 1, "final"),
    Row("sweep: find what is due", "never returns", "sweep", 1, "Query due", 1, "final"),
    Row("sweep: claim what is due", "never returns", "sweep", 1, "UpdateItem", 1, "final"),
    Row("sweep: send to the queue", "never returns", "sweep", 1, "SendMessageBatch", 1, "final"),
    Row("finalize: claim", "never returns", "finalize", 1, "UpdateItem", 1, "final"),
    Row("finalize: count the vendor call", "never returns", "finalize", 1, "UpdateItem rate", 1, "final"),
    Row("finalize: read the credentials", "never returns", "finalize", 1, "GetSecretValue", 1, "final"),
    Row("finalize: fetch from the vendor", "never returns", "finalize", 1, "GET", 1, "final"),
    Row("finalize: store the evidence", "never returns", "finalize", 1, "PutObject", 1, "final"),
    Row("finalize: store the fields", "never returns", "finalize", 1, "PutItem results", 1, "final"),
    Row("finalize: advance", "never returns", "finalize", 1, "UpdateItem", 2, "final"),
    Row("finalize: send a follow-up", "walks away", "finalize", 1, "SendMessageBatch", 1, "final"),
    Row("finalize: reschedule", "never opens", "finalize", 1, "UpdateItem", 2, "final"),
    Row("redact: read", "is redacted", "verifications", 2, "GetItem", 1, "redacted"),
    Row("redact: leave a tombstone", "is redacted", "verifications", 2, "UpdateItem", 1, "redacted"),
    Row("redact: find the evidence", "is redacted", "verifications", 2, "ListObjectVersions", 1, "redacted"),
    Row("redact: erase the evidence", "is redacted", "verifications", 2, "DeleteObject", 1, "redacted"),
    Row("redact: find the fields", "is redacted", "verifications", 2, "Query results", 1, "redacted"),
    Row("redact: erase the fields", "is redacted", "verifications", 2, "DeleteItem results", 1, "redacted"),
    Row("redact: record it in the audit trail", "is redacted", "verifications", 2, "PutItem audit", 1, "redacted"),
    Row("late erasure: find evidence", "is redacted", "finalize", 1, "ListObjectVersions", 1, "cleared"),
    Row("late erasure: find fields", "is redacted", "finalize", 1, "Query results", 1, "cleared"),
    Row("late erasure: clear due", "is redacted", "finalize", 1, "UpdateItem", 2, "cleared"),
    Row("read a result: read the record", "is read", "verifications", 4, "GetItem", 1, "read"),
    Row("read a result: read the fields", "is read", "verifications", 4, "GetItem results", 1, "read"),
    Row("read a result: record it in the audit trail", "is read", "verifications", 4, "PutItem audit", 1, "read"),
    Row("read a result: get the evidence", "is read", "verifications", 4, "GetObject", 1, "read"),
    Row("read a result: store a picture", "is read", "verifications", 4, "PutObject", 1, "read"),
    Row("replay: put the events on the bus", "is replayed", "verifications", 2, "PutEvents", 1, "read"),
    Row("list: find", "is read", "verifications", 5, "Query by_reference", 1, "read"),
    Row("list: read", "is read", "verifications", 5, "BatchGetItem", 1, "read"),
    Row("publish: put the event on the bus", "webhooks", "publish", 1, "PutEvents", 1, "delivered"),
    Row("deliver: read the endpoints", "webhooks", "deliver", 1, "GetSecretValue", 1, "delivered"),
    Row("deliver: send to each endpoint", "webhooks", "deliver", 1, "SendMessageBatch", 1, "delivered"),
    Row("deliver: read whether it is off", "webhooks", "deliver", 2, "GetItem endpoints", 1, "delivered"),
    Row("deliver: post, the second time", "webhooks", "deliver", 3, "POST webhook", 1, "delivered"),
    Row("deliver: plan the next attempt", "webhooks", "deliver", 2, "ChangeMessageVisibility", 1, "delivered"),
    Row("deliver: switch off after 410", "webhooks to nowhere", "deliver", 2, "PutItem endpoints", 1, "dead letter"),
    Row("deliver: set aside after 410", "webhooks to nowhere", "deliver", 2, "SendMessage", 1, "dead letter"),
)


class Run:
    """A run of one flow with a plan of faults."""

    def __init__(self, way: str, plan: faults.Plan) -> None:
        self.world = SimulatedWorld(SEED, single.scenario(WAYS[way], plan, _ENDPOINTS.get(way, ()))).run()

    @property
    def calls(self) -> list[tuple[Invocation, str]]:
        """The invocation and operation of each call."""
        return [(call.by, call.operation) for call in self.world.calls.made]

    @property
    def erased(self) -> list[tuple[float, Invocation]]:
        """The time and invocation of each delete of evidence and each write of the audit trail."""
        effects = self.world.calls.effects
        return [(time, by) for time, by, operation in effects if by and operation in ("DeleteObject", "PutItem audit")]

    def number_of(self, row: Row) -> int:
        """Returns the number of a row's call; raises IndexError if it was not made."""
        calls = self.calls
        invocations = list(dict.fromkeys(call.number for call, _ in calls if call.function == row.function))
        wanted = (invocations[row.nth - 1], row.operation)
        numbers = [number for number, (by, operation) in enumerate(calls, 1) if (by.number, operation) == wanted]
        return numbers[row.occurrence - 1]


@cache
def calm(way: str) -> Run:
    return Run(way, faults.NoFaults())


@cache
def cell(row: Row, fault: str) -> str:
    """Returns what the caller sees, who completes the verification, and how long after the fault."""
    number = calm(row.way).number_of(row)
    kind = FAULTS[fault][_FAULT_INDEX.get(row.operation, 0)]
    found = Run(row.way, faults.Single(number, kind, at_all_attempts=kind in faults.RETRIED))
    violations = check(found.world)
    assert violations == [], (row.name, fault, violations)
    assert found.world.fault_counts.kinds.total() > 0, (row.name, fault, "the fault had no effect")
    faulty, _ = found.calls[number - 1]
    seen = _seen(found.world, faulty)
    return ", ".join(filter(None, (seen, _completed(row, found, faulty)))) or "done"


def _responses(world: SimulatedWorld) -> Iterator[HttpResponse]:
    for person in world.people:
        yield from person.creations
        yield from (visit.response for visit in (*person.taps, *person.visits))
        yield from (*person.refreshes, *person.other_responses, *person.redactions)


def _seen(world: SimulatedWorld, faulty: Invocation) -> str:
    """Returns the status of the response to the faulty invocation's request, if there is one."""
    for response in _responses(world):
        if any(invocation.number == faulty.number for invocation in response.invocations):
            status = re.search(r"[?&]status=(\w+)", response.headers.get("location", ""))
            return f"{response.status} `{status[1]}`" if status else str(response.status)
    return ""


def _completed(row: Row, found: Run, faulty: Invocation) -> str:
    """Returns who reaches the aim, and how long after the fault; "" if the faulty invocation itself does."""
    if row.aim == "read":
        # A real caller repeats a read, but the simulated frontend does not.
        return "" if _seen(found.world, faulty) in ("200", "202") else "the caller"
    time, by = _reached(row.aim, found)
    if by is None or by.number == faulty.number:
        return ""
    who = "the next tap" if row.aim == "opened" else _COMPLETED_BY[by.function]
    return f"{who} +{_length(time - faulty.started)}"


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _reached(aim: str, found: Run) -> tuple[float, Invocation | None]:
    """Returns when the aim was reached, and by which invocation."""
    if aim == "delivered":
        return next((each.time, each.by) for each in found.world.receivers["crm"].webhooks if each.is_accepted)
    if aim == "dead letter":
        return next((time, by) for time, by, operation in found.world.calls.effects if operation == "SendMessage")
    for change in found.world.table.stream:
        if _is_aim(aim, change.after or {}):
            if aim != "redacted":
                return change.time, change.by
            return max([(change.time, change.by), *found.erased], key=lambda each: each[0])
    raise LookupError(f"{aim} was never reached")


def _is_aim(aim: str, item: Item) -> bool:
    match aim:
        case "created":
            return sequence(item) == 1
        case "opened":
            return "token" in item
        case "final":
            return "status" in item and is_final(item)
        case "redacted":
            return "redacted_at" in item
    return "redacted_at" in item and "due_at" not in item


def table() -> Iterator[str]:
    """Yields the lines of the matrix in Markdown."""
    yield "| call | " + " | ".join(FAULTS) + " |"
    yield "| --- " * (len(FAULTS) + 1) + "|"
    for row in ROWS:
        yield f"| {row.name} | " + " | ".join(cell(row, fault) for fault in FAULTS) + " |"


def filled(page: str) -> str:
    """Returns the page with a new matrix between its marks."""
    begin, end = "<!-- fault matrix -->\n", "\n<!-- end of the fault matrix -->"
    head, rest = page.split(begin)
    return head + begin + "\n".join(table()) + end + rest.split(end)[1]


def main() -> None:
    print("\n".join(table()))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
