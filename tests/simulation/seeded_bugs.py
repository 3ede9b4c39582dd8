"""The bridge broken on purpose, one way at a time: proof that the rules can fail.

Each is a context in which some part of the bridge does what a plausible mistake would make it do.
"""

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from unittest import mock

from bridge.dependencies import Dependencies
from bridge.domain import checks, decision, schedule
from bridge.domain.decision import VendorRecord
from bridge.domain.verification import Evidence, Status, Verification
from bridge.observability import logger
from bridge.store import audit_trail, claims, completion, creation, due, reading, redaction, returns
from bridge.store.evidence import EvidenceBucket
from bridge.store.table import Table
from bridge.use_cases import complete, finalize, redirect, vendor_check
from bridge.use_cases.complete import Checked
from bridge.vendor import client as vendor_client
from bridge.vendor import record as vendor_record
from bridge.vendor import transport as vendor_transport

SeededBug = Callable[[], contextlib.AbstractContextManager[Any]]


@contextlib.contextmanager
def evidence_after_the_rise() -> Iterator[None]:
    """The status first, its proof then."""
    waiting: list[tuple[str, bytes]] = []
    keep, advance = EvidenceBucket.put, vendor_check.advance

    def later(self: EvidenceBucket, id: str, raw: bytes) -> Evidence:
        waiting.append((id, raw))
        sha256 = hashlib.sha256(raw).hexdigest()
        return Evidence(f"records/{id}/{sha256}.json.gz", sha256, len(raw))

    def advanced(deps: Dependencies, verification: Verification, update: completion.StatusUpdate) -> Verification:
        done = advance(deps, verification, update)
        for each in [each for each in waiting if each[0] == verification.id]:
            waiting.remove(each)
            keep(deps.evidence, *each)
        return done

    with mock.patch.object(EvidenceBucket, "put", later), mock.patch.object(vendor_check, "advance", advanced):
        yield


@contextlib.contextmanager
def claim_that_takes_off_the_agenda() -> Iterator[None]:
    """Whoever claims a verification is trusted to live until it is done."""
    update = Table.update

    def forgetting(self: Table, id: str, *, set: dict[str, Any], remove: Any = (), **options: Any) -> Any:
        if "claimed_by" in set:
            options["default"] = {}
            set = {name: value for name, value in set.items() if not name.startswith("due")}
            remove = [*remove, "due_at", "due_shard"]
        return update(self, id, set=set, remove=remove, **options)

    with mock.patch.object(Table, "update", forgetting):
        yield


@contextlib.contextmanager
def rise_without_a_condition() -> Iterator[None]:
    """Whatever stands there, the newest finding is written."""
    update = Table.update

    def careless(self: Table, id: str, *, condition: str, values: Any, set: Any, **options: Any) -> Any:
        if options.get("increment") == ["sequence"] and "redacted_at" not in set:
            condition, values = "attribute_exists(#id)", {}
        return update(self, id, condition=condition, values=values, set=set, **options)

    with mock.patch.object(Table, "update", careless):
        yield


@contextlib.contextmanager
def browser_is_believed() -> Iterator[None]:
    """Whoever comes back has verified."""

    def believe(deps: Dependencies, id: str, code: str) -> Checked:
        found = complete.check_on_return(deps, id, code)
        if found.verification is None or found.verification.is_reservation:
            return found
        update = completion.StatusUpdate(Status.VERIFIED, found.verification.expires_at, due_at=None)
        return Checked(completion.advance(deps.table, found.verification, update, deps.now()), is_claimed=True)

    with mock.patch.object(redirect, "check_on_return", believe):
        yield


@contextlib.contextmanager
def return_is_not_stored() -> Iterator[None]:
    """The person is told processing, and the table says pending."""
    update = Table.update

    def forgetful(self: Table, id: str, *, set: dict[str, Any], **options: Any) -> Any:
        if "returned_at" not in set or "status" not in set:
            return update(self, id, set=set, **options)
        kept = {name: value for name, value in set.items() if name != "status"}
        options["increment"] = [name for name in options["increment"] if name != "sequence"]
        return dataclasses.replace(update(self, id, set=kept, **options), status=Status.PROCESSING)

    with mock.patch.object(Table, "update", forgetful):
        yield


def return_is_swallowed() -> contextlib.AbstractContextManager[Any]:
    """No check follows a return that decided nothing."""
    return mock.patch.object(schedule, "FOLLOW_UPS", (3000, 3000, 3000))


def post_is_repeated() -> contextlib.AbstractContextManager[Any]:
    """A request for a link is sent again after a timeout, when it may have had its effect."""
    return mock.patch.object(vendor_client, "had_no_effect", return_value=True)


def reservation_without_a_condition() -> contextlib.AbstractContextManager[Any]:
    """The same key twice at once makes two links."""
    return mock.patch.object(creation, "_FREE", "attribute_not_exists(#id) OR attribute_exists(#id)")


@contextlib.contextmanager
def everybody_may_ask() -> Iterator[None]:
    """A link that is hit in a loop costs a vendor call each time."""
    anybody = claims.CLAIMABLE.replace(
        "#claimed_at <= :checked_before", "#claimed_at > :zero OR :checked_before > :zero"
    )
    with mock.patch.object(claims, "CLAIMABLE", anybody), mock.patch.object(returns, "CLAIMABLE", anybody):
        yield


def outage_is_a_result() -> contextlib.AbstractContextManager[Any]:
    """After a fault nobody asks again."""

    def done(deps: Dependencies, verification: Verification, *_: Any) -> Verification:
        end = verification.expires_at
        return completion.reschedule(deps.table, verification, due_at=None, expires_at=end, now=deps.now())

    return mock.patch.object(complete, "_back_off", done)


def no_look_after_the_link() -> contextlib.AbstractContextManager[Any]:
    """Whoever was seen once is not looked after again."""
    return mock.patch.object(checks, "after_decision", return_value=None)


def token_in_the_log() -> contextlib.AbstractContextManager[Any]:
    reschedule = completion.reschedule

    def tell(table: Table, verification: Verification, **options: Any) -> Verification:
        logger.warning("check_rescheduled", extra={"token": verification.token})
        return reschedule(table, verification, **options)

    return mock.patch.object(completion, "reschedule", tell)


def redaction_forgets_a_field() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(redaction, "_PERSONAL", tuple(set(redaction._PERSONAL) - {"result"}))


def no_late_erasure() -> contextlib.AbstractContextManager[Any]:
    """What a completion puts down while its verification is redacted, stays."""
    settle = lambda deps, tombstone: redaction.clear_due(deps.table, tombstone.id)  # noqa: E731
    return mock.patch.object(finalize, "erase_late_evidence", settle)


@contextlib.contextmanager
def sweep_takes_off_the_agenda() -> Iterator[None]:
    """What was sent to the queue is not due any more, come of it what may."""
    claim_due = due.claim_due

    def take(table: Table, id: str, seen: int, *, until: int) -> bool:
        taken: bool = claim_due(table, id, seen, until=until)
        if taken:
            table.update(id, condition="attribute_exists(#id)", values={}, set={}, remove=["due_at", "due_shard"])
        return taken

    with mock.patch.object(due, "claim_due", take):
        yield


def read_without_permission() -> contextlib.AbstractContextManager[Any]:
    """finalize reads a record before it claims it, and its role does not let it: tests/policies finds that."""

    def reading_first(deps: Dependencies, id: str, due_at: int | None) -> Checked:
        reading.get(deps.table, id)
        return complete.check_on_schedule(deps, id, due_at)

    return mock.patch.object(finalize, "check_on_schedule", reading_first)


def results_without_a_trail() -> contextlib.AbstractContextManager[Any]:
    """A result is given, and nobody writes down to whom."""
    return mock.patch.object(audit_trail.AuditTrail, "record", return_value=None)


def token_is_not_required() -> contextlib.AbstractContextManager[Any]:
    """A record that names no token is taken for the one that was asked for."""
    find = vendor_record._token_contradictions

    def lenient(levels: Any, token: str) -> Iterator[str]:
        return find(levels, token) if any("token" in level for level in levels) else iter(())

    return mock.patch.object(vendor_record, "_token_contradictions", lenient)


def any_token_will_do() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(vendor_record, "_token_contradictions", return_value=())


def what_was_asked_for_is_not_compared() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(vendor_record, "_all_equal", return_value=True)


def inner_flags_win() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(vendor_record, "_flags_differ", return_value=False)


def anothers_record_is_the_result() -> contextlib.AbstractContextManager[Any]:
    """It judges nobody, and is shown as the person's all the same."""
    parse = vendor_record.parse

    def taken(*args: Any, **options: Any) -> VendorRecord:
        return dataclasses.replace(parse(*args, **options), matches_token=True)

    return mock.patch.object(vendor_record, "parse", taken)


def old_document_error_rejects() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(decision, "_is_outdated", return_value=False)


def cookies_are_kept() -> contextlib.AbstractContextManager[Any]:
    """As a session of requests does by itself."""
    return mock.patch.object(vendor_transport, "DefaultCookiePolicy", return_value=DefaultCookiePolicy())


# What is broken, and the rules of which at least one has to notice.
SEEDED_BUGS: dict[str, tuple[SeededBug, frozenset[str]]] = {
    "evidence is kept after the rise": (evidence_after_the_rise, frozenset({"proof", "kept"})),
    "a claim takes off the agenda": (claim_that_takes_off_the_agenda, frozenset({"settled"})),
    "a rise has no condition": (rise_without_a_condition, frozenset({"sequence", "rises"})),
    "the browser is believed": (browser_is_believed, frozenset({"said", "proof"})),
    "a return is not stored": (return_is_not_stored, frozenset({"falls"})),
    "a return is swallowed": (return_is_swallowed, frozenset({"followed"})),
    "a POST is repeated after a timeout": (post_is_repeated, frozenset({"twice"})),
    "a reservation has no condition": (reservation_without_a_condition, frozenset({"same key", "errors", "rises"})),
    "everybody may ask the vendor": (everybody_may_ask, frozenset({"claims"})),
    "after a fault nobody asks again": (outage_is_a_result, frozenset({"settled", "truth"})),
    "nobody looks after the link is over": (no_look_after_the_link, frozenset({"settled"})),
    "a token is logged": (token_in_the_log, frozenset({"leaks"})),
    "redaction forgets a field": (redaction_forgets_a_field, frozenset({"redacted"})),
    "late evidence is not erased": (no_late_erasure, frozenset({"redacted"})),
    "results are given without a trail": (results_without_a_trail, frozenset({"audit"})),
    "a record without a token is taken": (token_is_not_required, frozenset({"proof"})),
    "any record is taken, whatever its token": (any_token_will_do, frozenset({"proof"})),
    "a record of another type or country is taken": (what_was_asked_for_is_not_compared, frozenset({"proof"})),
    "the inner flags win over the outer": (inner_flags_win, frozenset({"proof"})),
    "another's record is stored as the result": (anothers_record_is_the_result, frozenset({"kept"})),
    "a document error that is left behind rejects": (old_document_error_rejects, frozenset({"truth"})),
    "cookies are kept": (cookies_are_kept, frozenset({"cookies"})),
    "the sweep takes off the agenda": (sweep_takes_off_the_agenda, frozenset({"settled"})),
}
