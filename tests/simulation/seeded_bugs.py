"""The bridge broken on purpose, one way at a time: proof that the invariants can fail.

Each is a context in which some part of the bridge does what a plausible mistake would make it do.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from unittest import mock

from bridge.aws.delivery_queue import DeliveryQueue
from bridge.aws.event_bus import EventBus
from bridge.dependencies import Dependencies
from bridge.domain import checks, decision, events, links, schedule, webhook_retries, webhooks
from bridge.domain.decision import Decision, VendorRecord
from bridge.domain.events import Event
from bridge.domain.verification import Evidence, Status, Verification
from bridge.observability import logger
from bridge.outbound import session as outbound_session
from bridge.store import audit_trail, claims, completion, creation, due, reading, redaction, returns
from bridge.store.endpoints import EndpointSwitches
from bridge.store.evidence import EvidenceBucket
from bridge.store.table import Table
from bridge.use_cases import complete, deliver, finalize, publish, redirect, vendor_check
from bridge.use_cases.complete import Checked
from bridge.vendor import client as vendor_client
from bridge.vendor import record as vendor_record
from bridge.web import batches

from . import stream

SeededBug = Callable[[], AbstractContextManager[Any]]
Update = Callable[..., Any]


def _patched(owner: Any, name: str, new: Any) -> SeededBug:
    """`new` in place of an attribute of the bridge."""
    return lambda: mock.patch.object(owner, name, new)


def _returning(owner: Any, name: str, result: Any) -> SeededBug:
    """A function of the bridge that always returns `result`."""
    return lambda: mock.patch.object(owner, name, return_value=result)


def _with_update(change: Callable[[Update, dict[str, Any]], Any]) -> SeededBug:
    """Another Table.update: `change` gets the true one and the keyword arguments of the call."""
    update = Table.update

    def changed(self: Table, id: str, **options: Any) -> Any:
        return change(lambda **given: update(self, id, **given), options)

    return _patched(Table, "update", changed)


@contextlib.contextmanager
def evidence_after_the_status() -> Iterator[None]:
    waiting: list[tuple[str, bytes]] = []
    put, advance = EvidenceBucket.put, vendor_check.advance

    def later(self: EvidenceBucket, id: str, raw: bytes) -> Evidence:
        waiting.append((id, raw))
        sha256 = hashlib.sha256(raw).hexdigest()
        return Evidence(f"records/{id}/{sha256}.json.gz", sha256, len(raw))

    def advanced(deps: Dependencies, verification: Verification, update: completion.StatusUpdate) -> Verification:
        done = advance(deps, verification, update)
        for each in [each for each in waiting if each[0] == verification.id]:
            waiting.remove(each)
            put(deps.evidence, *each)
        return done

    with mock.patch.object(EvidenceBucket, "put", later), mock.patch.object(vendor_check, "advance", advanced):
        yield


def _lease_without_condition(update: Update, options: dict[str, Any]) -> Any:
    """A request that found that a link may be made makes one, even if another request has just made it."""
    if "lease_until" in options["set"]:
        options |= {"condition": "attribute_exists(#id)", "values": {}}
    return update(**options)


_another_may_follow = links.another_may_follow


def _another_after_a_rejection(verification: Verification, found: Decision, at: Any) -> bool:
    is_rejected = found.status is Status.REJECTED
    return _another_may_follow(verification, Decision(Status.FAILED) if is_rejected else found, at)


def _claim_clears_due(update: Update, options: dict[str, Any]) -> Any:
    """A claim relies on its process to finish the work."""
    if "claimed_by" in options["set"]:
        options["default"] = {}
        options["set"] = {**options["set"], "due_at": None, "due_shard": None}
    return update(**options)


def _advance_without_condition(update: Update, options: dict[str, Any]) -> Any:
    """The newest status is written over any other."""
    if options.get("advance") and "redacted_at" not in options["set"]:
        options |= {"condition": "attribute_exists(#id)", "values": {}}
    return update(**options)


def _return_not_stored(update: Update, options: dict[str, Any]) -> Any:
    """The response says processing, and the table says pending."""
    if "returned_at" not in options["set"] or "status" not in options["set"]:
        return update(**options)
    options["set"] = {name: value for name, value in options["set"].items() if name != "status"}
    options["advance"] = None
    return dataclasses.replace(update(**options), status=Status.PROCESSING)


def _browser_is_believed(deps: Dependencies, id: str, code: str) -> Checked:
    """A return makes it verified."""
    found = complete.check_on_return(deps, id, code)
    if found.verification is None or found.verification.is_reservation:
        return found
    update = completion.StatusUpdate(Status.VERIFIED, found.verification.expires_at, due_at=None)
    return Checked(completion.advance(deps.table, found.verification, update, deps.now()), is_claimed=True)


@contextlib.contextmanager
def claims_without_interval() -> Iterator[None]:
    """A link that is hit in a loop costs a vendor call each time."""
    always = claims.CLAIMABLE.replace(
        "#claimed_at <= :checked_before", "#claimed_at > :zero OR :checked_before > :zero"
    )
    with mock.patch.object(claims, "CLAIMABLE", always), mock.patch.object(returns, "CLAIMABLE", always):
        yield


def _no_check_after_a_fault(deps: Dependencies, verification: Verification, *_: Any) -> Verification:
    end = verification.expires_at
    return completion.reschedule(deps.table, verification, due_at=None, expires_at=end, now=deps.now())


_reschedule, _claim_due, _parse = completion.reschedule, due.claim_due, vendor_record.parse
_token_contradictions = vendor_record._token_contradictions


def _token_in_the_log(table: Table, verification: Verification, **options: Any) -> Verification:
    logger.warning("check_rescheduled", extra={"token": verification.token})
    return _reschedule(table, verification, **options)


def _late_evidence_stays(deps: Dependencies, tombstone: Verification) -> None:
    redaction.clear_due(deps.table, tombstone.id)


def _sweep_clears_due(table: Table, id: str, seen: int, *, until: int) -> bool:
    """What was sent to the queue is not due any more, whatever happens to the message."""
    claimed: bool = _claim_due(table, id, seen, until=until)
    if claimed:
        table.update(id, condition="attribute_exists(#id)", values={}, set={"due_at": None, "due_shard": None})
    return claimed


def _token_is_optional(levels: Any, token: str) -> Iterator[str]:
    return _token_contradictions(levels, token) if any("token" in level for level in levels) else iter(())


def _foreign_record_is_a_result(*args: Any, **options: Any) -> VendorRecord:
    """It decides nothing, and is shown as the person's all the same."""
    return dataclasses.replace(_parse(*args, **options), matches_token=True)


def read_without_permission() -> AbstractContextManager[Any]:
    """finalize reads a record before it claims it, and its role does not allow that: tests/policies finds it."""

    def reading_first(deps: Dependencies, id: str, due_at: int | None) -> Checked:
        reading.get(deps.table, id)
        return complete.check_on_schedule(deps, id, due_at)

    return mock.patch.object(finalize, "check_on_schedule", reading_first)


_send, _sign, _event, _matches = DeliveryQueue.send, webhooks.sign, events._event, stream.matches


def _passes_claims(pattern: Any, event: Any) -> bool:
    image = event.get("dynamodb", {}).get("NewImage", {}) if isinstance(event, dict) else {}
    return _matches(pattern, event) or "claimed_at" in image


def expansion_only_once() -> AbstractContextManager[Any]:
    """What was once begun for an event is not done again."""
    begun: set[str] = set()

    def send(self: DeliveryQueue, event: Event, endpoints: Any) -> None:
        if event.id not in begun:
            begun.add(event.id)
            _send(self, event, endpoints)

    return mock.patch.object(DeliveryQueue, "send", send)


def _sign_the_data(secrets: Any, id: str, timestamp: int, body: bytes) -> str:
    return _sign(secrets, id, timestamp, body + b"\n")


def _event_with(**fields: Callable[[Verification], Any]) -> Callable[..., Event]:
    """Events whose data have other fields."""

    def event(verification: Verification, *args: Any) -> Event:
        made = _event(verification, *args)
        others = {name: find(verification) for name, find in fields.items()}
        return dataclasses.replace(made, data={**made.data, **others})

    return event


_attempts = itertools.count()


def _numbered_body(event: Event) -> bytes:
    content = {"type": event.type, "timestamp": event.timestamp, "data": event.data, "attempt": next(_attempts)}
    return json.dumps(content).encode()


# The bug, and the rules of which at least one has to find it.
SEEDED_BUGS: dict[str, tuple[SeededBug, frozenset[str]]] = {
    name: (bug, frozenset(rules))
    for name, bug, rules in (
        ("a lease has no condition", _with_update(_lease_without_condition), {"two links"}),
        (
            "a fresh link follows a rejection",
            _patched(links, "another_may_follow", _another_after_a_rejection),
            {"outcome"},
        ),
        ("an ended link ends all", _returning(links, "another_may_follow", False), {"ended early"}),
        ("no earlier link is asked", _returning(vendor_check, "_proof_of_earlier_link", None), {"truth"}),
        (
            "a redaction leaves the ended links",
            _patched(redaction, "_PERSONAL", tuple(set(redaction._PERSONAL) - {"ended_links"})),
            {"redacted"},
        ),
        ("evidence is stored after the status", evidence_after_the_status, {"proof", "kept"}),
        ("a claim clears the due time", _with_update(_claim_clears_due), {"settled"}),
        ("a status advances without a condition", _with_update(_advance_without_condition), {"sequence", "advances"}),
        ("the browser is believed", _patched(redirect, "check_on_return", _browser_is_believed), {"said", "proof"}),
        ("a return is not stored", _with_update(_return_not_stored), {"falls"}),
        ("no check follows a return", _patched(schedule, "FOLLOW_UPS", (3000, 3000, 3000)), {"followed"}),
        ("a POST is repeated after a timeout", _returning(vendor_client, "had_no_effect", True), {"twice"}),
        (
            "a reservation has no condition",
            _patched(creation, "_FREE", "attribute_not_exists(#id) OR attribute_exists(#id)"),
            {"same key", "errors", "advances"},
        ),
        ("claims have no interval", claims_without_interval, {"claims"}),
        ("no check follows a fault", _patched(complete, "_back_off", _no_check_after_a_fault), {"settled", "truth"}),
        ("no check follows the end of the link", _returning(checks, "after_decision", None), {"settled"}),
        ("a token is logged", _patched(completion, "reschedule", _token_in_the_log), {"leaks"}),
        (
            "redaction omits a field",
            _patched(redaction, "_PERSONAL", tuple(set(redaction._PERSONAL) - {"token"})),
            {"redacted"},
        ),
        ("late evidence is not erased", _patched(finalize, "erase_late_evidence", _late_evidence_stays), {"redacted"}),
        ("results are not in the audit trail", _returning(audit_trail.AuditTrail, "record", None), {"audit"}),
        (
            "a record without a token is accepted",
            _patched(vendor_record, "_token_contradictions", _token_is_optional),
            {"proof"},
        ),
        ("a record of any token is accepted", _returning(vendor_record, "_token_contradictions", ()), {"proof"}),
        ("a record of another type is accepted", _returning(vendor_record, "_all_equal", True), {"proof"}),
        ("the inner flags win over the outer", _returning(vendor_record, "_flags_differ", False), {"proof"}),
        ("a foreign record is the result", _patched(vendor_record, "parse", _foreign_record_is_a_result), {"kept"}),
        ("an old document error rejects", _returning(decision, "_is_outdated", False), {"truth"}),
        (
            "cookies are kept",
            lambda: mock.patch.object(outbound_session, "DefaultCookiePolicy", return_value=DefaultCookiePolicy()),
            {"cookies"},
        ),
        ("the sweep clears the due time", _patched(due, "claim_due", _sweep_clears_due), {"settled"}),
        ("publish ignores failed entries", _returning(EventBus, "put", None), {"delivered"}),
        ("the filter passes claims", _patched(stream, "matches", _passes_claims), {"filter"}),
        ("deliver drops a webhook after one failure", _returning(deliver, "_retry", None), {"delivered"}),
        ("deliver gives up after one failure", _returning(webhook_retries, "next_attempt", None), {"letter"}),
        ("an event is expanded only once", expansion_only_once, {"delivered"}),
        ("other bytes are signed", _patched(webhooks, "sign", _sign_the_data), {"signature"}),
        (
            "each attempt has its own bytes",
            _patched(Event, "body", property(_numbered_body)),
            {"truth of events"},
        ),
        (
            "an event says what holds when it is sent",
            _patched(events, "_event", _event_with(status=lambda verification: verification.status.value)),
            {"truth of events"},
        ),
        (
            "an event has the link",
            _patched(events, "_event", _event_with(url=lambda verification: verification.url)),
            {"event leaks"},
        ),
        (
            "a redaction leaves the reference",
            _patched(redaction, "_PERSONAL", tuple(set(redaction._PERSONAL) - {"reference"})),
            {"redacted"},
        ),
        ("every endpoint gets every event", _returning(webhooks.Endpoint, "wants", True), {"wanted"}),
        ("410 is a failure like any other", _patched(deliver, "_GONE", 0), {"gone"}),
        ("an endpoint that is off is sent to", _returning(EndpointSwitches, "is_disabled", False), {"gone"}),
        ("deliver fails without a line", _returning(batches, "record_failure", None), {"logged"}),
        ("publish fails without a line", _returning(publish, "record_failure", None), {"logged"}),
    )
}
