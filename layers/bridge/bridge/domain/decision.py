"""Decides the status that a vendor record justifies. No other module does."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bridge.domain.reasons import ErrorCategory, classify
from bridge.domain.verification import Status

OCR_ONLY = "01"

# Attempts that the vendor allows after the first one.
OCR_RETRIES = 2
FACE_RETRIES = 1


class VendorRecord(NamedTuple):
    """The vendor's record of a verification, parsed.

    lifetime: of the link, in seconds; None if unknown.
    started: the person has begun.
    fields: the record as the vendor sent it.
    matches_token: the record names the requested token and no other. If not, it may be another person's record.
    contradictions: names of the fields that contradict the request or each other. Such a record decides nothing.
    """

    is_success: bool
    ocr_success: bool
    face_id_success: bool
    latest_error: str | None
    retries: int | None
    face_retries: int | None
    lifetime: float | None
    started: bool
    fields: Mapping[str, Any]
    matches_token: bool = True
    contradictions: tuple[str, ...] = ()


class Decision(NamedTuple):
    """What a vendor record means. `is_certain` is False if the person may have another attempt."""

    status: Status
    reason_code: str | None = None
    is_certain: bool = True


def decide(record: VendorRecord, *, type: str, link_is_over: bool) -> Decision:
    """The status that `record` justifies for a verification of `type` ("00" or "01").

    `verified` needs both the overall flag and the flag of every check of that type. An outage, an unknown error or a
    contradictory record never rejects a person.
    """
    checks_succeeded = record.ocr_success and (type == OCR_ONLY or record.face_id_success)
    if record.contradictions or record.is_success != checks_succeeded:
        # A later check may find the right record, or a flag that was not set yet.
        return Decision(Status.FAILED if link_is_over else Status.PROCESSING, "inconsistent_result")
    if record.is_success:
        return Decision(Status.VERIFIED)
    if record.latest_error is None or _is_outdated(record, record.latest_error):
        return _without_error(record, link_is_over)
    return _with_error(record, record.latest_error, link_is_over)


def _is_outdated(record: VendorRecord, error: str) -> bool:
    """Whether the error is of an attempt before the one in which the document passed."""
    return record.ocr_success and classify(error)[0] is ErrorCategory.DOCUMENT


def _without_error(record: VendorRecord, link_is_over: bool) -> Decision:
    if link_is_over:
        return Decision(Status.EXPIRED, "abandoned" if record.started else "not_started")
    return Decision(Status.PROCESSING if record.started else Status.PENDING)


def _with_error(record: VendorRecord, error: str, link_is_over: bool) -> Decision:
    category, reason_code = classify(error)
    concerns_person = category in (ErrorCategory.DOCUMENT, ErrorCategory.FACE)
    if link_is_over:
        return Decision(Status.REJECTED if concerns_person else Status.FAILED, reason_code)
    if concerns_person and _has_no_retry_left(record):
        # The vendor does not document whether it counts attempts or retries, so the person may have one left.
        return Decision(Status.REJECTED, reason_code, is_certain=False)
    return Decision(Status.PROCESSING)


def _has_no_retry_left(record: VendorRecord) -> bool:
    """Whether the failing check has no retry left. False without a count: then the end of the link decides."""
    if not record.ocr_success:
        return record.retries is not None and record.retries >= OCR_RETRIES
    return record.face_retries is not None and record.face_retries >= FACE_RETRIES
