"""Which status a vendor record justifies: a table of cases, and properties of all records."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.decision import Decision, VendorRecord, decide
from bridge.domain.reasons import ErrorCategory, classify
from bridge.domain.verification import Status
from tests.unit.builders import vendor_record

BLURRY, COVERED_NEGATIVE, NEW_WARNING = "9108", "-9101", "9115"
MISMATCH, FAKE, FAR = (f"FailedOperation.{name}" for name in ("CompareFail", "LivessDetectFake", "ActionFaceFar"))
SYSTEM_ERROR, UNKNOWN = "FailedOperation.LivessSystemError", "SomethingNew.Code"

OCR = {"ocr_success": True, "started": True}
FACE = {**OCR, "face_id_success": True}
SUCCESS = {"is_success": True}
PROCESSING = Decision(Status.PROCESSING)

# Pairs of decisions: while the link is usable, and when it is over.
UNTOUCHED = Decision(Status.PENDING), Decision(Status.EXPIRED, "not_started")
ABANDONED = PROCESSING, Decision(Status.EXPIRED, "abandoned")
VERIFIED = Decision(Status.VERIFIED), Decision(Status.VERIFIED)
INCONSISTENT = Decision(Status.PROCESSING, "inconsistent_result"), Decision(Status.FAILED, "inconsistent_result")
VENDOR_ERROR = PROCESSING, Decision(Status.FAILED, "vendor_error")


def retries_left(reason: str) -> tuple[Decision, Decision]:
    return PROCESSING, Decision(Status.REJECTED, reason)


def retries_used_up(reason: str) -> tuple[Decision, Decision]:
    return Decision(Status.REJECTED, reason, is_certain=False), Decision(Status.REJECTED, reason)


def failed_ocr(error: str, retries: int | None) -> dict[str, Any]:
    return {"started": True, "latest_error": error, "retries": retries}


def failed_face(error: str, retries: int | None, ocr_retries: int | None = 0) -> dict[str, Any]:
    return {**OCR, "latest_error": error, "retries": ocr_retries, "face_retries": retries}


# The fields of the record, the type, and the pair of decisions. "document only" is type 01.
CASES: dict[str, tuple[dict[str, Any], str, tuple[Decision, Decision]]] = {
    "untouched": ({}, "00", UNTOUCHED),
    "untouched, document only": ({}, "01", UNTOUCHED),
    "begun": ({"started": True}, "00", ABANDONED),
    "document passed, face to come": (OCR, "00", ABANDONED),
    "all passed": (FACE | SUCCESS, "00", VERIFIED),
    "all passed, document only": (OCR | SUCCESS, "01", VERIFIED),
    "all passed in spite of an old error": (
        FACE | SUCCESS | {"latest_error": MISMATCH, "face_retries": 1}, "00", VERIFIED,
    ),
    "all passed in spite of a document error left behind": (
        FACE | SUCCESS | {"latest_error": BLURRY, "retries": 2}, "00", VERIFIED,
    ),
    "all passed in spite of a document error left behind, document only": (
        OCR | SUCCESS | {"latest_error": BLURRY, "retries": 2}, "01", VERIFIED,
    ),
    "success without any check": (SUCCESS, "00", INCONSISTENT),
    "success without the face": (OCR | SUCCESS, "00", INCONSISTENT),
    "success without the document": (SUCCESS | {"face_id_success": True}, "00", INCONSISTENT),
    "success without the document, document only": (SUCCESS | {"face_id_success": True}, "01", INCONSISTENT),
    "success without checks, and an error": (failed_ocr(BLURRY, 2) | SUCCESS, "00", INCONSISTENT),
    "checks without success": (FACE, "00", INCONSISTENT),
    "checks without success, document only": (OCR, "01", INCONSISTENT),
    "checks without success, and an error": (
        FACE | {"latest_error": MISMATCH, "face_retries": 1}, "00", INCONSISTENT,
    ),
    "document failed, retries left": (failed_ocr(BLURRY, 1), "00", retries_left("document_blurry")),
    "document failed, first attempt": (failed_ocr(COVERED_NEGATIVE, 0), "01", retries_left("document_covered")),
    "document failed, no retry left": (failed_ocr(BLURRY, 2), "00", retries_used_up("document_blurry")),
    "document failed, no retry left, document only": (
        failed_ocr(COVERED_NEGATIVE, 2), "01", retries_used_up("document_covered"),
    ),
    "document failed, more retries than allowed": (
        failed_ocr(NEW_WARNING, 3), "01", retries_used_up("document_not_accepted"),
    ),
    "document failed, retries unknown": (failed_ocr(BLURRY, None), "00", retries_left("document_blurry")),
    "face failed, retry left": (failed_face(FAR, 0), "00", retries_left("face_not_captured")),
    "face failed, only the document's retries used up": (
        failed_face(FAR, 0, ocr_retries=2), "00", retries_left("face_not_captured"),
    ),
    "face failed, no retry left": (failed_face(MISMATCH, 1), "00", retries_used_up("face_mismatch")),
    "face failed, retries unknown": (failed_face(FAKE, None), "00", retries_left("liveness_not_shown")),
    "vendor error at the document, no retry left": (failed_ocr(SYSTEM_ERROR, 2), "00", VENDOR_ERROR),
    "vendor error at the document, document only": (failed_ocr(SYSTEM_ERROR, 2), "01", VENDOR_ERROR),
    "vendor error at the face, no retry left": (failed_face(SYSTEM_ERROR, 1), "00", VENDOR_ERROR),
    "unknown error at the document": (failed_ocr(UNKNOWN, 2), "01", VENDOR_ERROR),
    "unknown error at the face": (failed_face(UNKNOWN, 1), "00", VENDOR_ERROR),
    "document error left behind, face to come": (failed_face(BLURRY, None, ocr_retries=1), "00", ABANDONED),
    "document error left behind, all retries used up": (
        failed_face(COVERED_NEGATIVE, 1, ocr_retries=2), "00", ABANDONED,
    ),
    "undocumented document error left behind": (failed_face(NEW_WARNING, 0), "00", ABANDONED),
    "untouched, of another token": ({"contradictions": ("token",)}, "00", INCONSISTENT),
    "all passed, of another token": (
        FACE | SUCCESS | {"matches_token": False, "contradictions": ("token", "url")}, "00", INCONSISTENT,
    ),
    "all passed, of another country": (FACE | SUCCESS | {"contradictions": ("ocr_country",)}, "00", INCONSISTENT),
    "all passed, of another type, document only": (OCR | SUCCESS | {"contradictions": ("type",)}, "01", INCONSISTENT),
    "document failed, no retry left, of another token": (
        failed_ocr(BLURRY, 2) | {"contradictions": ("token",)}, "00", INCONSISTENT,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("record", "type", "decisions"), CASES.values(), ids=CASES)
def test_each_record_leads_to_the_decisions_in_the_table(
    record: dict[str, Any], type: str, decisions: tuple[Decision, Decision]
) -> None:
    read = vendor_record(**record)
    assert (decide(read, type=type, link_is_over=False), decide(read, type=type, link_is_over=True)) == decisions


def test_the_table_reaches_every_status() -> None:
    assert {decision.status for _, _, decisions in CASES.values() for decision in decisions} == set(Status)


RECORDS = st.builds(
    VendorRecord,
    is_success=st.booleans(),
    ocr_success=st.booleans(),
    face_id_success=st.booleans(),
    latest_error=st.none()
    | st.sampled_from([BLURRY, COVERED_NEGATIVE, MISMATCH, FAR, SYSTEM_ERROR, UNKNOWN])
    | st.text(),
    retries=st.none() | st.integers(),
    face_retries=st.none() | st.integers(),
    lifetime=st.none(),
    started=st.booleans(),
    fields=st.just({}),
    matches_token=st.booleans(),
    contradictions=st.sampled_from([(), ("token",), ("ocr_country", "is_success")]),
)
TYPES = st.sampled_from(["00", "01"])


@given(RECORDS, TYPES, st.booleans())
def test_verified_needs_the_vendors_success_flag_and_every_requested_check(
    record: VendorRecord, type: str, over: bool
) -> None:
    all_passed = record.is_success and record.ocr_success and (type == "01" or record.face_id_success)
    all_passed = all_passed and not record.contradictions
    assert (decide(record, type=type, link_is_over=over).status is Status.VERIFIED) == all_passed


@given(RECORDS, TYPES, st.booleans())
def test_only_an_error_about_the_person_or_the_capture_rejects(record: VendorRecord, type: str, over: bool) -> None:
    if decide(record, type=type, link_is_over=over).status is Status.REJECTED:
        assert record.latest_error is not None
        assert classify(record.latest_error)[0] in (ErrorCategory.DOCUMENT, ErrorCategory.FACE)
        assert not (record.ocr_success and classify(record.latest_error)[0] is ErrorCategory.DOCUMENT)
        assert not record.contradictions


@given(RECORDS, TYPES)
def test_once_the_link_is_over_every_decision_is_final_and_certain(record: VendorRecord, type: str) -> None:
    decision = decide(record, type=type, link_is_over=True)
    assert decision.status.is_final
    assert decision.is_certain


@given(RECORDS, TYPES)
def test_while_the_link_is_usable_nothing_fails_or_expires(record: VendorRecord, type: str) -> None:
    decision = decide(record, type=type, link_is_over=False)
    assert decision.status not in (Status.FAILED, Status.EXPIRED)
    assert decision.is_certain == (decision.status is not Status.REJECTED)


@given(RECORDS, TYPES)
def test_the_end_of_the_link_never_lowers_the_status(record: VendorRecord, type: str) -> None:
    alive, over = (decide(record, type=type, link_is_over=is_over) for is_over in (False, True))
    assert over.status.rank >= alive.status.rank


@given(RECORDS, TYPES, st.booleans())
def test_every_final_status_but_verified_has_a_reason(record: VendorRecord, type: str, over: bool) -> None:
    decision = decide(record, type=type, link_is_over=over)
    if decision.status.is_final:
        assert (decision.reason_code is None) == (decision.status is Status.VERIFIED)


@given(RECORDS, st.booleans(), st.booleans())
def test_the_face_check_is_ignored_for_type_01(record: VendorRecord, face: bool, over: bool) -> None:
    other = vendor_record(
        **{name: getattr(record, name) for name in ("is_success", "ocr_success", "latest_error", "retries", "started")},
        contradictions=record.contradictions,
        face_id_success=face,
    )
    assert decide(record, type="01", link_is_over=over) == decide(other, type="01", link_is_over=over)
