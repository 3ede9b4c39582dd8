"""Claim → vendor → evidence → status: what the return, a refresh and a scheduled check have in common.

Whatever fails on the way, the claim has left the verification due again, so later work completes it.
"""

from dataclasses import dataclass

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import checks, schedule
from bridge.domain.checks import CallClass, Check
from bridge.domain.decision import decide
from bridge.domain.errors import BridgeError, StorageUnavailable, VendorError, VendorLimitReached, VendorMalformed
from bridge.domain.verification import Evidence, Status, Verification
from bridge.observability import GAVE_UP, INCONSISTENT_RESULT, logger, record_failure, report
from bridge.store import claims, completion, returns
from bridge.store.completion import StatusUpdate
from bridge.vendor import pictures
from bridge.vendor import record as vendor_record
from bridge.vendor.response import Answer

# After the end of a link: how often a record that contradicts the request is checked again before it is the result.
_WRONG_RECORDS = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """`verification` as it is now; None if there is none. `error` is what kept the vendor from responding, if anything
    did; `is_claimed` says whether the vendor was to be asked at all."""

    verification: Verification | None
    is_claimed: bool
    error: BridgeError | None = None


def check_on_return(deps: Dependencies, id: str, code: str) -> Checked:
    """The person has returned: asks the vendor, or plans the checks that follow."""
    now, claimer = deps.now(), deps.nonce()
    verification, is_claimed = returns.claim_on_return(deps.table, id, claimer, now, code)
    if verification is None or not is_claimed:
        if verification and verification.claimed_by == claimer:
            _send_follow_up(deps, verification)
        return Checked(verification, is_claimed=False)
    checked = _check(deps, verification, Check(CallClass.RETURN, now))
    _send_follow_up(deps, checked.verification)
    return checked


def check_on_refresh(deps: Dependencies, id: str, principal: str) -> Checked:
    """A frontend wants to know now."""
    now = deps.now()
    verification, is_claimed = claims.claim_on_refresh(deps.table, id, deps.nonce(), now, principal)
    if verification is None or not is_claimed:
        return Checked(verification, is_claimed=False)
    return _check(deps, verification, Check(CallClass.REFRESH, now))


def check_on_schedule(deps: Dependencies, id: str, due_at: int | None) -> Checked:
    """The verification was due at `due_at`; None: an operator asks for it."""
    now = deps.now()
    verification, is_claimed = claims.claim_on_schedule(deps.table, id, deps.nonce(), now, due_at)
    if verification is None or not is_claimed:
        return Checked(verification, is_claimed=False)
    checked = _check(deps, verification, Check(CallClass.BACKGROUND, now))
    _send_follow_up(deps, checked.verification)
    return checked


def _check(deps: Dependencies, verification: Verification, check: Check) -> Checked:
    try:
        return Checked(_ask(deps, verification, check), is_claimed=True)
    except (VendorError, StorageUnavailable) as error:
        record_failure("check_failed", error, verification_id=verification.id)
        return Checked(_back_off(deps, verification, check, error), is_claimed=True, error=error)


def _ask(deps: Dependencies, verification: Verification, check: Check) -> Verification:
    assert verification.token is not None, "what is claimed has been handed out"
    # Scheduled checks are nobody's doing, and have one share for all.
    principal = None if check.call is CallClass.BACKGROUND else verification.principal
    permit = deps.rate_limiter.permit(check.call, principal)
    # Nobody waits for a scheduled check, so a vendor that fails is not asked again at once.
    answer = deps.vendor.fetch(verification.token, permit=permit, retry=check.call is not CallClass.BACKGROUND)
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
        deps.evidence.put_unconfirmed(verification.id, answer.raw)
        raise
    expires_at = checks.end_of_link(verification, record)
    is_started = record.started or verification.status is Status.PROCESSING
    link_is_over = schedule.is_over(check.claimed_at.timestamp(), expires_at.timestamp(), is_started=is_started)
    decision = decide(record, type=verification.type, link_is_over=link_is_over)
    if decision.reason_code == "inconsistent_result":
        what = ", ".join(record.contradictions) or "is_success"
        report("inconsistent_result", INCONSISTENT_RESULT, verification_id=verification.id, what=what)
    if not record.is_of_token:
        # It may be another person's: kept for whoever investigates it, and never shown as this one's.
        deps.evidence.put_unconfirmed(verification.id, answer.raw)
    wrong_before = verification.failures if verification.reason_code == "inconsistent_result" else 0
    is_last_word = verification.status.is_final or wrong_before >= _WRONG_RECORDS
    if record.contradictions and link_is_over and not is_last_word:
        return _check_wrong_record_again(deps, verification, check, wrong_before + 1)
    due_at = checks.after_decision(verification, check, decision, expires_at, is_started=is_started)
    if decision.status.rank <= verification.status.rank:
        return completion.reschedule(
            deps.table,
            verification,
            due_at=due_at,
            expires_at=expires_at,
            now=deps.now(),
            reason_code=checks.reason_of_open(verification, decision),
        )
    # The proof first, then the status that rests on it.
    evidence = _store_record(deps, verification, answer) if record.is_of_token else None
    update = StatusUpdate(
        status=decision.status,
        expires_at=expires_at,
        due_at=due_at,
        reason_code=decision.reason_code,
        evidence=evidence,
    )
    return _advance(deps, verification, update)


def _store_record(deps: Dependencies, verification: Verification, answer: Answer) -> Evidence:
    """The vendor's bytes into the bucket, its fields without pictures into a table."""
    evidence = deps.evidence.put(verification.id, answer.raw)
    fields = pictures.without_pictures(answer.result)
    deps.results.put(verification.id, evidence.sha256, fields, deps.now())
    return evidence


def _check_wrong_record_again(
    deps: Dependencies, verification: Verification, check: Check, failures: int
) -> Verification:
    """A record that is not of this verification may be one mistake of the vendor's: it is not its last word."""
    return completion.reschedule(
        deps.table,
        verification,
        due_at=int(check.claimed_at.timestamp()) + schedule.FOLLOW_UPS[0],
        expires_at=verification.expires_at,
        now=deps.now(),
        reason_code="inconsistent_result",
        failures=failures,
    )


def _advance(deps: Dependencies, verification: Verification, update: StatusUpdate) -> Verification:
    advanced = completion.advance(deps.table, verification, update, deps.now())
    logger.info(
        "status_changed",
        extra={"verification_id": advanced.id, "status": advanced.status, "sequence": advanced.sequence},
    )
    return advanced


def _back_off(deps: Dependencies, verification: Verification, check: Check, error: BridgeError) -> Verification:
    """After a failure: checks again later, or gives up. An outage is never a rejection.

    A vendor response that could not be stored can be fetched again, so only a vendor that has been silent since then is
    given up.
    """
    now = check.claimed_at.timestamp()
    try:
        if isinstance(error, VendorLimitReached):
            due_at = checks.after_limit(verification, check, error.retry_after or 1, deps.draw)
            return completion.release(deps.table, verification, due_at=due_at, is_counted=check.is_counted)
        vendor_failed = isinstance(error, VendorError)
        silent_since = max(verification.expires_at.timestamp(), verification.last_contact_at)
        gives_up = vendor_failed and now >= silent_since + deps.settings.give_up_after
        if gives_up and not verification.status.is_final:
            return _give_up(deps, verification)
        failures = verification.failures + 1
        return completion.back_off(
            deps.table,
            verification,
            due_at=None
            if gives_up
            else checks.after_failure(verification, check, failures, deps.draw, vendor_failed=vendor_failed),
            failures=failures,
            is_counted=check.is_counted,
            vendor_failed=vendor_failed,
        )
    except StorageUnavailable as failure:
        # The claim has left it due again.
        record_failure("reschedule_failed", failure, verification_id=verification.id)
        return verification


def _give_up(deps: Dependencies, verification: Verification) -> Verification:
    update = StatusUpdate(Status.FAILED, verification.expires_at, due_at=None, reason_code="vendor_unreachable")
    advanced = _advance(deps, verification, update)
    if advanced.reason_code == "vendor_unreachable":
        report("gave_up", GAVE_UP, is_error=True, verification_id=verification.id)
    return advanced


def _send_follow_up(deps: Dependencies, verification: Verification | None) -> None:
    """Sends the next of the checks that follow a return to the queue; the sweep would come up to a minute late."""
    now = deps.now().timestamp()
    if verification is None or verification.status.is_final or verification.due_at is None:
        return
    if not schedule.has_follow_up(now, verification.returned_at):
        return
    delay = verification.due_at - int(now)
    if delay > schedule.FOLLOW_UPS[-1]:
        return
    try:
        failed = deps.due_queue.send([DueMessage(verification.id, verification.due_at, max(delay, 0))])
    except StorageUnavailable as error:
        record_failure("follow_up_not_sent", error, verification_id=verification.id)
        return
    for id, code in failed.items():
        record_failure("follow_up_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
