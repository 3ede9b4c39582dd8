"""Completes a verification: claim it, check it with the vendor, and plan the next check.

Returns, refreshes and scheduled checks share this code. The claim leaves the verification due, so a later check
completes it if this one crashes.
"""

from typing import NamedTuple

from bridge.dependencies import Dependencies
from bridge.domain import checks, links, schedule
from bridge.domain.checks import CallClass, Check
from bridge.domain.decision import Decision
from bridge.domain.errors import BridgeError, StorageUnavailable, VendorError, VendorLimitReached, attach_locale
from bridge.domain.verification import Status, Verification
from bridge.observability import GAVE_UP, record_failure, report
from bridge.store import claims, completion, returns
from bridge.store.claims import Claim
from bridge.store.completion import StatusUpdate
from bridge.use_cases.vendor_check import advance, check_with_vendor


class Checked(NamedTuple):
    """The outcome of a check.

    verification: as it is now; None if it does not exist.
    is_claimed: False if no check was allowed now.
    error: why the check failed, if it did.
    """

    verification: Verification | None
    is_claimed: bool
    error: BridgeError | None = None


def check_on_return(deps: Dependencies, id: str, code: str) -> Checked:
    """Records the person's return, and checks now or plans follow-up checks."""
    now, claimer = deps.now(), deps.nonce()
    claim = returns.claim_first_return(deps.table, id, claimer, now, code)
    if (existing := claim.verification) and not claim.is_claimed and returns.may_return(existing, code):
        with attach_locale(existing.locale):
            claim = returns.claim_further_return(deps.table, existing, claimer, now)
    checked = _check(deps, claim, Check(CallClass.RETURN, now))
    if claim.verification and claim.verification.claimed_by == claimer:
        # It was claimed, or the return was recorded.
        _send_follow_up(deps, checked.verification)
    return checked


def check_on_refresh(deps: Dependencies, id: str, principal: str) -> Checked:
    """Checks a verification of `principal` now, if its last check is long enough ago."""
    now = deps.now()
    claim, made_due = claims.claim_on_refresh(deps.table, id, deps.nonce(), now, principal)
    return _check(deps, claim, Check(CallClass.REFRESH, now, made_due))


def check_on_schedule(deps: Dependencies, id: str, due_at: int | None) -> Checked:
    """Checks a verification that is due at `due_at` (epoch seconds). None, from an operator, skips that condition."""
    now = deps.now()
    claim = claims.claim_on_schedule(deps.table, id, deps.nonce(), now, due_at)
    checked = _check(deps, claim, Check(CallClass.BACKGROUND, now))
    if checked.is_claimed:
        _send_follow_up(deps, checked.verification)
    return checked


def _check(deps: Dependencies, claim: Claim, check: Check) -> Checked:
    verification = claim.verification
    if verification is None or not claim.is_claimed:
        return Checked(verification, is_claimed=False)
    try:
        checked = Checked(check_with_vendor(deps, verification, check), is_claimed=True)
    except (VendorError, StorageUnavailable) as error:
        record_failure("check_failed", error, verification_id=verification.id)
        checked = Checked(_back_off(deps, verification, check, error), is_claimed=True, error=error)
    if checked.verification and checked.verification.status.is_final and checked.verification.due_at is None:
        erase_expected(deps, checked.verification)
    return checked


def erase_expected(deps: Dependencies, verification: Verification) -> None:
    """Erases what the caller expected, once no check is planned that could compare it."""
    if not verification.has_expected:
        return
    try:
        deps.expected.delete(verification.id)
    except StorageUnavailable as error:
        # Its ttl erases it.
        record_failure("expected_not_erased", error, verification_id=verification.id)


def _back_off(deps: Dependencies, verification: Verification, check: Check, error: BridgeError) -> Verification:
    """Plans another check after a failed one, or gives up. An outage never rejects a person."""
    try:
        if isinstance(error, VendorLimitReached):
            due_at = checks.after_limit(verification, check, error.retry_after or 1, deps.draw)
            return completion.release(deps.table, verification, due_at=due_at, is_counted=check.is_counted)
        vendor_failed = isinstance(error, VendorError)
        gives_up = vendor_failed and _is_unreachable_too_long(deps, verification, check)
        if gives_up and not verification.status.is_final:
            return _give_up(deps, verification, check)
        failures = verification.failures + 1
        retry_at = None
        if not gives_up:
            retry_at = checks.after_failure(verification, check, failures, deps.draw, vendor_failed=vendor_failed)
        return completion.back_off(
            deps.table,
            verification,
            due_at=retry_at,
            failures=failures,
            earlier_failures=verification.earlier_failures + _is_of_earlier_link(error),
            is_counted=check.is_counted,
            vendor_failed=vendor_failed,
        )
    except StorageUnavailable as failure:
        # The claim left the verification due.
        record_failure("reschedule_failed", failure, verification_id=verification.id)
        return verification


def _is_of_earlier_link(error: BridgeError) -> bool:
    return isinstance(error, VendorError) and error.is_of_earlier_link


def _is_unreachable_too_long(deps: Dependencies, verification: Verification, check: Check) -> bool:
    """Whether the give-up time has passed since the end of the link and the last contact.

    A contact counts even if its response could not be stored, because the response can be fetched again. Nobody asks
    between the end of a link and the time when no other may follow, so that time counts once it is over.
    """
    has_ended = check.claimed_at >= verification.ends_at
    ended_at = verification.ends_at if has_ended else verification.expires_at
    unreachable_since = max(ended_at.timestamp(), verification.last_contact_at)
    return check.claimed_at.timestamp() >= unreachable_since + deps.settings.give_up_after_seconds


def _give_up(deps: Dependencies, verification: Verification, check: Check) -> Verification:
    if links.another_may_follow(verification, Decision(Status.FAILED), check.claimed_at):
        return completion.reschedule(
            deps.table,
            verification,
            due_at=links.due_without_link(verification),
            expires_at=verification.expires_at,
            now=deps.now(),
            # A refresh or a return may fail after a check that ended the link.
            link_outcome=verification.link_outcome or "vendor_unreachable",
        )
    update = StatusUpdate(Status.FAILED, verification.expires_at, due_at=None, reason_code="vendor_unreachable")
    if outcome := verification.link_outcome:
        # An earlier check found how the link ended. The vendor may have deleted the record since.
        update = update._replace(status=links.status_after(outcome), reason_code=outcome)
    advanced = advance(deps, verification, update)
    if advanced.reason_code == "vendor_unreachable":
        report("gave_up", GAVE_UP, is_error=True, verification_id=verification.id)
    return advanced


def _send_follow_up(deps: Dependencies, verification: Verification | None) -> None:
    """Sends the next follow-up check of a return to the queue. The sweep would send it up to a minute late."""
    now = deps.now().timestamp()
    if verification is None or verification.status.is_final or verification.due_at is None:
        return
    if not schedule.has_follow_up(now, verification.returned_at):
        return
    delay = verification.due_at - int(now)
    if delay > schedule.FOLLOW_UP_SECONDS[-1]:
        return
    from bridge.aws.due_queue import DueMessage

    try:
        failed = deps.due_queue.send([DueMessage(verification.id, verification.due_at, max(delay, 0))])
    except StorageUnavailable as error:
        record_failure("follow_up_not_sent", error, verification_id=verification.id)
        return
    for id, code in failed.items():
        record_failure("follow_up_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
