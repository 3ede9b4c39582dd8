"""Breaks the bridge on purpose, in one way at a time, to prove that the invariants can fail.

Each bug is a context in which the bridge does what a plausible mistake would make it do.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from unittest import mock

from bridge.dependencies import Dependencies
from bridge.domain import checks, decision, links, schedule
from bridge.domain.decision import Decision, VendorRecord
from bridge.domain.verification import Evidence, Status, Verification
from bridge.observability import logger
from bridge.outbound import session as outbound_session
from bridge.store import audit_trail, claims, completion, creation, due, reading, redaction, returns
from bridge.store.call_counters import CallCounters
from bridge.store.evidence import EvidenceBucket
from bridge.store.table import Table
from bridge.use_cases import complete, finalize, redirect, vendor_check
from bridge.use_cases.complete import Checked
from bridge.vendor import client as vendor_client
from bridge.vendor import record as vendor_record

from .patches import SeededBug, Update, patched, returning, with_update
from .seeded_event_bugs import EVENT_BUGS


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
    """A request that read that a link may be created creates one, even if another request has done so since."""
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
    """A status is written over any other one."""
    if options.get("advance") and "redacted_at" not in options["set"]:
        options |= {"condition": "attribute_exists(#id)", "values": {}}
    return update(**options)


def _return_not_stored(update: Update, options: dict[str, Any]) -> Any:
    """The response says processing, but the table says pending."""
    if "returned_at" not in options["set"] or "status" not in options["set"]:
        return update(**options)
    options["set"] = {name: value for name, value in options["set"].items() if name != "status"}
    options["advance"] = None
    return update(**options)._replace(status=Status.PROCESSING)


def _browser_is_believed(deps: Dependencies, id: str, code: str) -> Checked:
    """A return sets the status to verified."""
    found = complete.check_on_return(deps, id, code)
    if found.verification is None or found.verification.is_reservation:
        return found
    update = completion.StatusUpdate(Status.VERIFIED, found.verification.expires_at, due_at=None)
    return Checked(completion.advance(deps.table, found.verification, update, deps.now()), is_claimed=True)


@contextlib.contextmanager
def claims_without_interval() -> Iterator[None]:
    """Each hit on a return URL costs a vendor call."""
    always = claims.CLAIMABLE.replace(
        "#claimed_at <= :checked_before", "#claimed_at > :zero OR :checked_before > :zero"
    )
    with mock.patch.object(claims, "CLAIMABLE", always), mock.patch.object(returns, "CLAIMABLE", always):
        yield


def _no_check_after_a_fault(deps: Dependencies, verification: Verification, *_: Any) -> Verification:
    end = verification.expires_at
    return completion.reschedule(deps.table, verification, due_at=None, expires_at=end, now=deps.now())


def _refresh_delays(verification: Verification, check: checks.Check, due_at: int) -> int:
    """A check that follows a refresh replaces the planned one."""
    return int(check.claimed_at.timestamp()) + 300 if check.call is checks.CallClass.REFRESH else due_at


_reschedule, _claim_due, _parse = completion.reschedule, due.claim_due, vendor_record.parse
_token_contradictions = vendor_record._token_contradictions


def _token_in_the_log(table: Table, verification: Verification, **options: Any) -> Verification:
    logger.warning("check_rescheduled", extra={"token": verification.token})
    return _reschedule(table, verification, **options)


def _redaction_without(field: str) -> SeededBug:
    return patched(redaction, "_PERSONAL", tuple(set(redaction._PERSONAL) - {field}))


def _late_evidence_stays(deps: Dependencies, tombstone: Verification) -> None:
    redaction.clear_due(deps.table, tombstone.id)


def _sweep_clears_due(table: Table, id: str, seen: int, *, until: int) -> bool:
    """A verification that was sent to the queue is not due any more, even if its message is lost."""
    claimed: bool = _claim_due(table, id, seen, until=until)
    if claimed:
        table.update(id, condition="attribute_exists(#id)", values={}, set={"due_at": None, "due_shard": None})
    return claimed


def _token_is_optional(levels: Any, token: str, verification_id: str) -> Iterator[str]:
    return (
        _token_contradictions(levels, token, verification_id) if any("token" in level for level in levels) else iter(())
    )


def _foreign_record_is_a_result(*args: Any, **options: Any) -> VendorRecord:
    """A record of another token does not decide the status, but is stored as the result."""
    return _parse(*args, **options)._replace(matches_token=True)


def read_without_permission() -> AbstractContextManager[Any]:
    """finalize reads an item before it claims it, which its role does not allow. tests/policies finds it."""

    def reading_first(deps: Dependencies, id: str, due_at: int | None) -> Checked:
        reading.get(deps.table, id)
        return complete.check_on_schedule(deps, id, due_at)

    return mock.patch.object(finalize, "check_on_schedule", reading_first)


# Each bug, and the rules of which at least one has to find it.
SEEDED_BUGS: dict[str, tuple[SeededBug, set[str]]] = EVENT_BUGS | {
    "a lease has no condition": (with_update(_lease_without_condition), {"two links"}),
    "a fresh link follows a rejection": (patched(links, "another_may_follow", _another_after_a_rejection), {"outcome"}),
    "no link follows an ended one": (returning(links, "another_may_follow", False), {"ended early"}),
    "earlier links are not checked": (returning(vendor_check, "_proof_of_earlier_link", None), {"final status"}),
    "a redaction leaves the ended links": (_redaction_without("ended_links"), {"redacted"}),
    "evidence is stored after the status": (evidence_after_the_status, {"proof", "evidence"}),
    "a claim clears the due time": (with_update(_claim_clears_due), {"ended"}),
    "a status advances without a condition": (with_update(_advance_without_condition), {"sequence", "advances"}),
    "the browser is believed": (patched(redirect, "check_on_return", _browser_is_believed), {"unproven", "proof"}),
    "a return is not stored": (with_update(_return_not_stored), {"goes back"}),
    "no check follows a return": (patched(schedule, "FOLLOW_UP_SECONDS", (3000, 3000, 3000)), {"follow-up"}),
    "a POST is repeated after a timeout": (returning(vendor_client, "had_no_effect", True), {"duplicate link"}),
    "a reservation has no condition": (
        patched(creation, "_FREE", "attribute_not_exists(#id) OR attribute_exists(#id)"),
        {"same key", "errors", "advances"},
    ),
    "claims have no interval": (claims_without_interval, {"claims"}),
    "no check follows a fault": (patched(complete, "_back_off", _no_check_after_a_fault), {"ended", "final status"}),
    "no check follows the end of the link": (returning(checks, "after_decision", None), {"ended"}),
    "a token is logged": (patched(completion, "reschedule", _token_in_the_log), {"leaks"}),
    "redaction omits a field": (_redaction_without("token"), {"redacted"}),
    "late evidence is not erased": (patched(finalize, "erase_late_evidence", _late_evidence_stays), {"redacted"}),
    "results are not in the audit trail": (returning(audit_trail.AuditTrail, "record", None), {"audit"}),
    "a record without a token is accepted": (
        patched(vendor_record, "_token_contradictions", _token_is_optional),
        {"proof"},
    ),
    "a record of any token is accepted": (returning(vendor_record, "_token_contradictions", ()), {"proof"}),
    "a record of another type is accepted": (returning(vendor_record, "_all_equal", True), {"proof"}),
    "the outer flags are ignored": (returning(vendor_record, "_flags_differ", False), {"proof"}),
    "a foreign record is the result": (patched(vendor_record, "parse", _foreign_record_is_a_result), {"evidence"}),
    "an old document error rejects": (returning(decision, "_is_outdated", False), {"final status"}),
    "cookies are kept": (
        lambda: mock.patch.object(outbound_session, "DefaultCookiePolicy", return_value=DefaultCookiePolicy()),
        {"cookies"},
    ),
    "a refresh delays the planned check": (patched(checks, "_not_delayed", _refresh_delays), {"plan"}),
    "calls are not limited": (returning(CallCounters, "add_one", True), {"rate"}),
    "the sweep clears the due time": (patched(due, "claim_due", _sweep_clears_due), {"ended"}),
    "a redaction leaves the reference": (_redaction_without("reference"), {"redacted"}),
}
