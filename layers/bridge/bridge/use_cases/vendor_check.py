"""Checks a claimed verification with the vendor: fetch the record, decide, then store evidence and status."""

from bridge.dependencies import Dependencies
from bridge.domain import checks, links, schedule
from bridge.domain.checks import CallClass, Check
from bridge.domain.decision import Decision, VendorRecord, decide
from bridge.domain.errors import VendorMalformed, VendorRejected
from bridge.domain.identity import Matches
from bridge.domain.verification import Status, Verification
from bridge.observability import EXPECTED_MISMATCH, INCONSISTENT_RESULT, count, log_status, record_failure, report
from bridge.store import completion
from bridge.store.completion import StatusUpdate
from bridge.vendor import pictures
from bridge.vendor import record as vendor_record
from bridge.vendor.response import VendorResponse

# How often a contradictory record is fetched again after the end of the link, before it decides the status.
_MAX_CONTRADICTORY_RECORDS = 2
# After so many checks, a record of an earlier link that the vendor does not give, or that contradicts the request, is
# no longer awaited.
_MAX_EARLIER_FAILURES = 2


def check_with_vendor(deps: Dependencies, verification: Verification, check: Check) -> Verification:
    """Fetches the vendor's record and stores what follows from it. Returns the verification after the check.

    Raises a VendorError if the vendor fails, StorageUnavailable if its response cannot be stored.
    """
    started_at = deps.clock()
    response, record = _fetch_record(deps, verification, check, verification.token, started_at)
    expires_at = checks.link_expires_at(verification, record)
    is_started = record.started or verification.status is Status.PROCESSING
    link_is_over = schedule.is_over(check.claimed_at.timestamp(), expires_at.timestamp(), is_started=is_started)
    decision = decide(record, type=verification.type, link_is_over=link_is_over)
    _report_doubts(deps, verification, response, record, decision)
    if record.contradictions and link_is_over and not _is_conclusive(verification):
        return completion.reschedule(
            deps.table,
            verification,
            due_at=checks.after_contradiction(verification, check),
            expires_at=verification.expires_at,
            now=deps.now(),
            reason_code="inconsistent_result",
            contradictory_records=verification.contradictory_records + 1,
        )
    due_at = checks.after_decision(verification, check, decision, expires_at, is_started=is_started)
    link_outcome = None
    if links.another_may_follow(verification, decision, check.claimed_at):
        link_outcome = decision.reason_code
        decision = Decision(Status.PROCESSING if is_started else Status.PENDING)
        due_at = links.due_without_link(verification)
    elif proof := _proof_of_earlier_link(deps, verification, check, decision, started_at):
        link_outcome = decision.reason_code
        (response, record), decision, due_at = proof, Decision(Status.VERIFIED), None
    if decision.status.rank <= verification.status.rank:
        return completion.reschedule(
            deps.table,
            verification,
            due_at=due_at,
            expires_at=expires_at,
            now=deps.now(),
            reason_code=checks.reason_if_unchanged(verification, decision),
            link_outcome=link_outcome,
        )
    update = StatusUpdate(decision.status, expires_at, due_at, decision.reason_code, link_outcome=link_outcome)
    return _advance_with_evidence(deps, verification, update, response, record)


def _fetch_record(
    deps: Dependencies, verification: Verification, check: Check, token: str | None, started_at: float
) -> tuple[VendorResponse, VendorRecord]:
    """The vendor's response for the link with `token`, and the record in it.

    `started_at`: when the check started, a time of `clock`. All its calls share the budget of one.
    """
    assert token is not None, "a claimed verification has a link"
    permit = deps.rate_limiter.permit(check.call, verification.id, verification.principal)
    # Nobody waits for a scheduled check, so it is rescheduled instead of retried.
    may_retry = check.call is not CallClass.BACKGROUND
    response = deps.vendor.fetch(token, permit=permit, spent=deps.clock() - started_at, retry=may_retry)
    try:
        return response, vendor_record.parse(
            response.result,
            token=token,
            verification_id=verification.id,
            type=verification.type,
            id_country=verification.id_country,
            id_type=verification.id_type,
        )
    except VendorMalformed:
        # Stored for an investigation, because a person may be able to read it.
        deps.evidence.put_unconfirmed(verification.id, response.raw)
        raise


def _proof_of_earlier_link(
    deps: Dependencies, verification: Verification, check: Check, decision: Decision, started_at: float
) -> tuple[VendorResponse, VendorRecord] | None:
    """The record of an earlier link that the person passed with, if the last one ends without success.

    The vendor may have stored that result after the link was found to have ended. Nobody waits for it at a return: a
    scheduled check follows. A record that the vendor gave for the current link, but has no more for an earlier one,
    does not keep the verification open. Nor does one that contradicts the request in each of several checks.
    """
    if not decision.status.is_final or decision.status is Status.VERIFIED or check.call is CallClass.RETURN:
        return None
    for link in reversed(verification.ended_links):
        try:
            response, record = _fetch_record(deps, verification, check, link.token, started_at)
            earlier = decide(record, type=verification.type, link_is_over=True)
            _report_doubts(deps, verification, response, record, earlier)
            if record.contradictions:
                # This may be a temporary fault of the vendor, which hides a proof.
                raise VendorMalformed("the record is contradictory")
        except (VendorRejected, VendorMalformed) as error:
            if verification.earlier_failures < _MAX_EARLIER_FAILURES:
                error.is_of_earlier_link = True
                raise
            record_failure("earlier_link_unreadable", error, verification_id=verification.id)
            continue
        if earlier.status is Status.VERIFIED:
            return response, record
    return None


def _advance_with_evidence(
    deps: Dependencies,
    verification: Verification,
    update: StatusUpdate,
    response: VendorResponse,
    record: VendorRecord,
) -> Verification:
    """Stores what `record` proves, then the status change."""
    if record.matches_token:
        # Evidence is stored before the status that it proves.
        evidence = deps.evidence.put(verification.id, response.raw)
        fields = pictures.without_pictures(response.result)
        deps.results.put(verification.id, evidence.sha256, fields, deps.now())
        update = update._replace(evidence=evidence)
    if verification.has_expected and update.status.is_final:
        update = update._replace(matches=_matches(deps, verification, record))
    advanced = advance(deps, verification, update)
    if update.matches and update.matches.has_mismatch and advanced.matches == update.matches:
        count("expected_mismatch", EXPECTED_MISMATCH, verification_id=verification.id)
    return advanced


def _matches(deps: Dependencies, verification: Verification, record: VendorRecord) -> Matches:
    """How the record's document compares with what the caller expects.

    Nothing is compared after what was expected has been erased, nor with a record that may be another person's: the
    matches are always those of the record that the status rests on.
    """
    # Imported here because few verifications have somebody who is expected.
    from bridge.domain.matching import compare

    expected = deps.expected.get(verification.id) if record.matches_token else None
    return compare(expected, vendor_record.identity(record.fields)) if expected else Matches()


def advance(deps: Dependencies, verification: Verification, update: StatusUpdate) -> Verification:
    """Stores a status change, and logs the status afterwards."""
    advanced = completion.advance(deps.table, verification, update, deps.now())
    log_status(advanced)
    return advanced


def _report_doubts(
    deps: Dependencies, verification: Verification, response: VendorResponse, record: VendorRecord, decision: Decision
) -> None:
    """Reports an inconsistent result, and stores a record that may be another person's for an investigation."""
    if decision.reason_code == "inconsistent_result":
        what = ", ".join(record.contradictions) or "is_success"
        report("inconsistent_result", INCONSISTENT_RESULT, verification_id=verification.id, what=what)
    if not record.matches_token:
        deps.evidence.put_unconfirmed(verification.id, response.raw)


def _is_conclusive(verification: Verification) -> bool:
    """Whether another contradictory record after the end of the link decides the status."""
    return verification.status.is_final or verification.contradictory_records >= _MAX_CONTRADICTORY_RECORDS
