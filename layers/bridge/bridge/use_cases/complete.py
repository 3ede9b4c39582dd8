"""Claim → vendor → evidence → rise: what the return, the queue and refresh have in common.

Whatever fails on the way, the claim has left the verification due again, so later work completes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge import pictures, schedule, vendor_record
from bridge.errors import (
    BridgeError,
    StorageUnavailable,
    VendorError,
    VendorMalformed,
)
from bridge.models import Decision, Status, VendorRecord, Verification
from bridge.observability import GAVE_UP, INCONSISTENT_RESULT, logger, record_failure, report
from bridge.rules import decide
from bridge.store import completion
from bridge.store.completion import Finding
from bridge.wiring import Bridge


@dataclass(frozen=True, slots=True)
class Completed:
    """`verification` as it stands; None if there is none. `fault` is what kept us from hearing the vendor, if anything
    did."""

    verification: Verification | None
    fault: BridgeError | None = None


def complete(
    bridge: Bridge,
    id: str,
    *,
    code: str | None = None,
    principal: str | None = None,
    has_returned: bool = False,
    is_awaited: bool = True,
) -> Completed:
    """Asks the vendor what became of a verification, and writes down what it says.

    `has_returned`: the person has come back from the vendor, and will not go on there. `is_awaited`: somebody waits for
    it, so a vendor that fails is asked again at once, within its budget.
    """
    now = bridge.now()
    verification, is_claimed = completion.claim(bridge.table, id, bridge.nonce(), now, code=code, principal=principal)
    if verification is None or not is_claimed:
        return Completed(verification)
    try:
        return Completed(_ask(bridge, verification, now, has_returned=has_returned, is_awaited=is_awaited))
    except (VendorError, StorageUnavailable) as fault:
        record_failure("completion_failed", fault, verification_id=verification.id)
        is_vain = isinstance(fault, VendorError)
        return Completed(_put_off(bridge, verification, now, is_vain=is_vain), fault=fault)


def _ask(
    bridge: Bridge, verification: Verification, asked_at: datetime, *, has_returned: bool, is_awaited: bool
) -> Verification:
    assert verification.token is not None, "what is claimed has been handed out"
    answer = bridge.vendor.fetch(verification.token, once=not is_awaited)
    try:
        record = vendor_record.parse(
            answer.result,
            token=verification.token,
            type=verification.type,
            id_country=verification.id_country,
            id_type=verification.id_type,
        )
    except VendorMalformed:
        # What we cannot read is kept as it came; somebody may be able to.
        bridge.evidence.keep_unconfirmed(verification.id, answer.raw)
        raise
    expires_at = _end_of_link(verification, record)
    link_is_over = schedule.is_over(asked_at.timestamp(), expires_at.timestamp())
    decision = decide(record, type=verification.type, link_is_over=link_is_over)
    if decision.reason_code == "inconsistent_result":
        what = ", ".join(record.contradictions) or "is_success"
        report("inconsistent_result", INCONSISTENT_RESULT, verification_id=verification.id, what=what)
    if not record.is_of_token:
        # It may be another person's: kept for whoever investigates it, and never shown as this one's.
        bridge.evidence.keep_unconfirmed(verification.id, answer.raw)
    due_at = _next_look(decision, expires_at, has_returned=has_returned)
    if decision.status.rank <= verification.status.rank:
        due_at = None if verification.status.is_final else due_at
        return completion.postpone(bridge.table, verification, due_at=due_at, expires_at=expires_at)
    # The proof first, then the status that rests on it.
    finding = Finding(
        status=decision.status,
        expires_at=expires_at,
        due_at=due_at,
        reason_code=decision.reason_code,
        result=pictures.without_pictures(answer.result) if record.is_of_token else None,
        evidence=bridge.evidence.keep(verification.id, answer.raw) if record.is_of_token else None,
    )
    return _rise(bridge, verification, finding)


def _rise(bridge: Bridge, verification: Verification, finding: Finding) -> Verification:
    risen = completion.rise(bridge.table, verification, finding, bridge.now())
    logger.info(
        "status_changed", extra={"verification_id": risen.id, "status": risen.status, "sequence": risen.sequence}
    )
    return risen


def _end_of_link(verification: Verification, record: VendorRecord) -> datetime:
    if record.lifetime is None:
        return verification.expires_at
    return verification.created_at + timedelta(seconds=record.lifetime)


def _next_look(decision: Decision, expires_at: datetime, *, has_returned: bool) -> int | None:
    """Epoch seconds, or None. One who might go on at the vendor is looked after once more when the link is over."""
    if decision.status.is_final and (decision.is_certain or has_returned):
        return None
    return schedule.last_check(expires_at.timestamp())


def _put_off(bridge: Bridge, verification: Verification, now: datetime, *, is_vain: bool) -> Verification:
    """After a fault: looks again later, or gives up. An outage is never a rejection.

    `is_vain`: the vendor was not heard. What it said and we could not write down may be had again, so we give up only
    on a vendor that has kept silent since.
    """
    try:
        silent_since = max(verification.expires_at.timestamp(), verification.heard_at)
        given_up = is_vain and now.timestamp() >= silent_since + bridge.settings.give_up_after
        if given_up and not verification.status.is_final:
            return _give_up(bridge, verification)
        failures = verification.failures + 1
        due_at = None if given_up else schedule.after_failure(now.timestamp(), failures, bridge.draw)
        return completion.postpone(
            bridge.table,
            verification,
            due_at=due_at,
            expires_at=verification.expires_at,
            failures=failures,
            is_vain=is_vain,
        )
    except StorageUnavailable as fault:
        # The claim has left it due again.
        record_failure("reschedule_failed", fault, verification_id=verification.id)
        return verification


def _give_up(bridge: Bridge, verification: Verification) -> Verification:
    finding = Finding(Status.FAILED, verification.expires_at, due_at=None, reason_code="vendor_unreachable")
    risen = _rise(bridge, verification, finding)
    if risen.reason_code == "vendor_unreachable":
        report("gave_up", GAVE_UP, is_error=True, verification_id=verification.id)
    return risen
