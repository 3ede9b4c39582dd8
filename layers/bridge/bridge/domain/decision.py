"""The one place that decides what a vendor record means. Pure: no clock, no network, no environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain.reasons import ErrorCategory, classify
from bridge.domain.verification import Status

OCR_ONLY = "01"

# What the vendor allows beyond the first attempt.
OCR_RETRIES = 2
FACE_RETRIES = 1


@dataclass(frozen=True, slots=True)
class VendorRecord:
    """What the vendor says of a verification, read tolerantly. `lifetime` is in seconds, `fields` all that it said.

    `is_of_token`: the record names the token that was asked for, and no other; if not, it may be another person's.
    `contradictions`: the fields in which it contradicts the request, or itself. With any it judges nobody.
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
    is_of_token: bool = True
    contradictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a vendor record means. `is_certain` is False where the person might still go on."""

    status: Status
    reason_code: str | None = None
    is_certain: bool = True


def decide(record: VendorRecord, *, type: str, link_is_over: bool) -> Decision:
    """The status that `record` justifies for a verification of our `type` ("00" or "01").

    Success needs both the vendor's word and every check that we asked for. No outage, no error without a known meaning,
    and no record that contradicts the request or itself ever rejects a person.
    """
    checks_succeeded = record.ocr_success and (type == OCR_ONLY or record.face_id_success)
    if record.contradictions or record.is_success != checks_succeeded:
        # A later check may find the right record, or the flag that is still missing.
        return Decision(Status.FAILED if link_is_over else Status.PROCESSING, "inconsistent_result")
    if record.is_success:
        return Decision(Status.VERIFIED)
    if record.latest_error is None or _is_left_behind(record, record.latest_error):
        return _without_error(record, link_is_over)
    return _with_error(record, record.latest_error, link_is_over)


def _is_left_behind(record: VendorRecord, error: str) -> bool:
    """Whether the error is from an attempt before the one in which the document passed."""
    return record.ocr_success and classify(error)[0] is ErrorCategory.DOCUMENT


def _without_error(record: VendorRecord, link_is_over: bool) -> Decision:
    if link_is_over:
        return Decision(Status.EXPIRED, "abandoned" if record.started else "not_started")
    return Decision(Status.PROCESSING if record.started else Status.PENDING)


def _with_error(record: VendorRecord, error: str, link_is_over: bool) -> Decision:
    category, reason_code = classify(error)
    about_the_person = category in (ErrorCategory.DOCUMENT, ErrorCategory.FACE)
    if link_is_over:
        return Decision(Status.REJECTED if about_the_person else Status.FAILED, reason_code)
    if about_the_person and _retries_are_used_up(record):
        # Whether the vendor counts attempts or retries is not documented: the person may have one left.
        return Decision(Status.REJECTED, reason_code, is_certain=False)
    return Decision(Status.PROCESSING)


def _retries_are_used_up(record: VendorRecord) -> bool:
    """Whether the check that fails has no retry left. Without the vendor's count we wait for the end of the link."""
    if not record.ocr_success:
        return record.retries is not None and record.retries >= OCR_RETRIES
    return record.face_retries is not None and record.face_retries >= FACE_RETRIES
