"""Claim → vendor → evidence → status: what the return, a refresh and a scheduled check have in common.

Whatever fails on the way, the claim has left the verification due again, so later work completes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge import pictures, schedule, vendor_record
from bridge.aws.due_queue import DueMessage
from bridge.errors import BridgeError, StorageUnavailable, VendorError, VendorLimitReached, VendorMalformed
from bridge.models import Decision, Status, VendorRecord, Verification
from bridge.observability import GAVE_UP, INCONSISTENT_RESULT, logger, record_failure, report
from bridge.rules import decide
from bridge.store import completion
from bridge.store.completion import StatusUpdate
from bridge.store.rate_limiter import CallClass
from bridge.wiring import Bridge

# After the end of a link: how often a record that contradicts the request is checked again before it is the result.
_WRONG_RECORDS = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """`verification` as it is now; None if there is none. `error` is what kept the vendor from responding, if anything
    did; `is_claimed` says whether the vendor was to be asked at all."""

    verification: Verification | None
    is_claimed: bool
    error: BridgeError | None = None


@dataclass(frozen=True, slots=True)
class _Check:
    """One check of a verification that was claimed at `asked_at`."""

    call: CallClass
    asked_at: datetime

    @property
    def is_counted(self) -> bool:
        return self.call is not CallClass.REFRESH


def check_on_return(bridge: Bridge, id: str, code: str) -> Checked:
    """The person has returned: asks the vendor, or plans the checks that follow."""
    now, claimer = bridge.now(), bridge.nonce()
    verification, is_claimed = completion.claim_on_return(bridge.table, id, claimer, now, code)
    if verification is None or not is_claimed:
        if verification and verification.claimed_by == claimer:
            _send_follow_up(bridge, verification)
        return Checked(verification, is_claimed=False)
    checked = _check(bridge, verification, _Check(CallClass.RETURN, now))
    _send_follow_up(bridge, checked.verification)
    return checked


def check_on_refresh(bridge: Bridge, id: str, principal: str) -> Checked:
    """A frontend wants to know now."""
    now = bridge.now()
    verification, is_claimed = completion.claim_on_refresh(bridge.table, id, bridge.nonce(), now, principal)
    if verification is None or not is_claimed:
        return Checked(verification, is_claimed=False)
    return _check(bridge, verification, _Check(CallClass.REFRESH, now))


def check_on_schedule(bridge: Bridge, id: str, due_at: int | None) -> Checked:
    """The verification was due at `due_at`; None: an operator asks for it."""
    now = bridge.now()
    verification, is_claimed = completion.claim_on_schedule(bridge.table, id, bridge.nonce(), now, due_at)
    if verification is None or not is_claimed:
        return Checked(verification, is_claimed=False)
    checked = _check(bridge, verification, _Check(CallClass.BACKGROUND, now))
    _send_follow_up(bridge, checked.verification)
    return checked


def _check(bridge: Bridge, verification: Verification, check: _Check) -> Checked:
    try:
        return Checked(_ask(bridge, verification, check), is_claimed=True)
    except (VendorError, StorageUnavailable) as error:
        record_failure("check_failed", error, verification_id=verification.id)
        return Checked(_back_off(bridge, verification, check, error), is_claimed=True, error=error)


def _ask(bridge: Bridge, verification: Verification, check: _Check) -> Verification:
    assert verification.token is not None, "what is claimed has been handed out"
    # Scheduled checks are nobody's doing, and have one share for all.
    principal = None if check.call is CallClass.BACKGROUND else verification.principal
    permit = bridge.rate_limiter.permit(check.call, principal)
    # Nobody waits for a scheduled check, so a vendor that fails is not asked again at once.
    answer = bridge.vendor.fetch(verification.token, permit=permit, retry=check.call is not CallClass.BACKGROUND)
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
    is_started = record.started or verification.status is Status.PROCESSING
    link_is_over = schedule.is_over(check.asked_at.timestamp(), expires_at.timestamp(), is_started=is_started)
    decision = decide(record, type=verification.type, link_is_over=link_is_over)
    if decision.reason_code == "inconsistent_result":
        what = ", ".join(record.contradictions) or "is_success"
        report("inconsistent_result", INCONSISTENT_RESULT, verification_id=verification.id, what=what)
    if not record.is_of_token:
        # It may be another person's: kept for whoever investigates it, and never shown as this one's.
        bridge.evidence.keep_unconfirmed(verification.id, answer.raw)
    wrong_before = verification.failures if verification.reason_code == "inconsistent_result" else 0
    is_last_word = verification.status.is_final or wrong_before >= _WRONG_RECORDS
    if record.contradictions and link_is_over and not is_last_word:
        return _check_wrong_record_again(bridge, verification, check, wrong_before + 1)
    due_at = _next_check(verification, check, decision, expires_at, is_started=is_started)
    if decision.status.rank <= verification.status.rank:
        return completion.reschedule(
            bridge.table,
            verification,
            due_at=due_at,
            expires_at=expires_at,
            now=bridge.now(),
            reason_code=_reason_of_open(verification, decision),
        )
    # The proof first, then the status that rests on it.
    update = StatusUpdate(
        status=decision.status,
        expires_at=expires_at,
        due_at=due_at,
        reason_code=decision.reason_code,
        result=pictures.without_pictures(answer.result) if record.is_of_token else None,
        evidence=bridge.evidence.keep(verification.id, answer.raw) if record.is_of_token else None,
    )
    return _advance(bridge, verification, update)


def _check_wrong_record_again(bridge: Bridge, verification: Verification, check: _Check, failures: int) -> Verification:
    """A record that is not of this verification may be one mistake of the vendor's: it is not its last word."""
    return completion.reschedule(
        bridge.table,
        verification,
        due_at=int(check.asked_at.timestamp()) + schedule.FOLLOW_UPS[0],
        expires_at=verification.expires_at,
        now=bridge.now(),
        reason_code="inconsistent_result",
        failures=failures,
    )


def _advance(bridge: Bridge, verification: Verification, update: StatusUpdate) -> Verification:
    advanced = completion.advance(bridge.table, verification, update, bridge.now())
    logger.info(
        "status_changed",
        extra={"verification_id": advanced.id, "status": advanced.status, "sequence": advanced.sequence},
    )
    return advanced


def _end_of_link(verification: Verification, record: VendorRecord) -> datetime:
    if record.lifetime is None:
        return verification.expires_at
    return verification.created_at + timedelta(seconds=record.lifetime)


def _next_check(
    verification: Verification, check: _Check, decision: Decision, expires_at: datetime, *, is_started: bool
) -> int | None:
    """Epoch seconds, or None if no further check is needed."""
    end = expires_at.timestamp()
    if decision.status.is_final or verification.status.is_final:
        # The person may have a try left at the vendor: once more when the link is over. One who returns with a new
        # rejection does not go on; a rejection that was found before may still be followed by a proof.
        is_result = decision.status.is_final and decision.is_certain
        is_open_end = not is_result and (verification.status.is_final or check.call is not CallClass.RETURN)
        return int(end) + schedule.LATE_RESULT if is_open_end else None
    planned = schedule.next_check(
        check.asked_at.timestamp(),
        expires_at=end,
        returned_at=verification.returned_at,
        checks=verification.checks,
        is_started=is_started,
    )
    # A refresh puts no planned check off.
    is_extra = check.call is CallClass.REFRESH and verification.due_at is not None
    return min(planned, verification.due_at) if is_extra and verification.due_at else planned


def _reason_of_open(verification: Verification, decision: Decision) -> str | None:
    """The reason that a status has which a check did not change."""
    if verification.status.is_final:
        return verification.reason_code
    is_returned = verification.status is Status.PROCESSING
    return "not_begun" if is_returned and decision.status is Status.PENDING else decision.reason_code


def _back_off(bridge: Bridge, verification: Verification, check: _Check, error: BridgeError) -> Verification:
    """After a failure: checks again later, or gives up. An outage is never a rejection.

    A vendor response that could not be stored can be fetched again, so only a vendor that has been silent since then is
    given up.
    """
    now = check.asked_at.timestamp()
    try:
        if isinstance(error, VendorLimitReached):
            due_at = _after_limit(bridge, verification, check, error)
            return completion.release(bridge.table, verification, due_at=due_at, is_counted=check.is_counted)
        vendor_failed = isinstance(error, VendorError)
        silent_since = max(verification.expires_at.timestamp(), verification.last_contact_at)
        gives_up = vendor_failed and now >= silent_since + bridge.settings.give_up_after
        if gives_up and not verification.status.is_final:
            return _give_up(bridge, verification)
        failures = verification.failures + 1
        return completion.back_off(
            bridge.table,
            verification,
            due_at=None
            if gives_up
            else _after_failure(bridge, verification, check, failures, vendor_failed=vendor_failed),
            failures=failures,
            is_counted=check.is_counted,
            vendor_failed=vendor_failed,
        )
    except StorageUnavailable as failure:
        # The claim has left it due again.
        record_failure("reschedule_failed", failure, verification_id=verification.id)
        return verification


def _after_failure(
    bridge: Bridge, verification: Verification, check: _Check, failures: int, *, vendor_failed: bool
) -> int | None:
    now = check.asked_at.timestamp()
    if check.call is CallClass.REFRESH and verification.due_at is not None:
        # What the vendor said and could not be stored is fetched again.
        return _planned(verification, check) if vendor_failed else verification.due_at
    backed_off = schedule.after_failure(now, failures, bridge.draw)
    is_open = not verification.status.is_final
    if is_open and schedule.has_follow_up(now + schedule.MIN_CHECK_INTERVAL_SECONDS, verification.returned_at):
        planned = schedule.next_check(
            now,
            expires_at=verification.expires_at.timestamp(),
            returned_at=verification.returned_at,
            checks=verification.checks - 1,
            is_started=True,
        )
        return min(planned, backed_off) if planned > now else backed_off
    return backed_off


def _planned(verification: Verification, check: _Check) -> int | None:
    """The check that was planned before a refresh.

    What only its claim made due is not left to the scheduled checks: a flood of refreshes would use up their share.
    """
    is_planned = verification.due_at != int(check.asked_at.timestamp()) + schedule.CLAIM_SECONDS
    return verification.due_at if is_planned or not verification.status.is_final else None


def _after_limit(bridge: Bridge, verification: Verification, check: _Check, error: VendorLimitReached) -> int | None:
    """When to try again what our share of the vendor's rate limit did not allow."""
    if check.call is CallClass.REFRESH:
        return _planned(verification, check)
    wait = (error.retry_after or 1) + bridge.draw(0, 10)
    return int(check.asked_at.timestamp() + wait)


def _give_up(bridge: Bridge, verification: Verification) -> Verification:
    update = StatusUpdate(Status.FAILED, verification.expires_at, due_at=None, reason_code="vendor_unreachable")
    advanced = _advance(bridge, verification, update)
    if advanced.reason_code == "vendor_unreachable":
        report("gave_up", GAVE_UP, is_error=True, verification_id=verification.id)
    return advanced


def _send_follow_up(bridge: Bridge, verification: Verification | None) -> None:
    """Sends the next of the checks that follow a return to the queue; the sweep would come up to a minute late."""
    now = bridge.now().timestamp()
    if verification is None or verification.status.is_final or verification.due_at is None:
        return
    if not schedule.has_follow_up(now, verification.returned_at):
        return
    delay = verification.due_at - int(now)
    if delay > schedule.FOLLOW_UPS[-1]:
        return
    try:
        failed = bridge.due_queue.send([DueMessage(verification.id, verification.due_at, max(delay, 0))])
    except StorageUnavailable as error:
        record_failure("follow_up_not_sent", error, verification_id=verification.id)
        return
    for id, code in failed.items():
        record_failure("follow_up_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
