"""How the two checks, OCR and face, change a record, and when the person is finished.

`retries` and `face_retries` count used retries: they are 0 after the first attempt, and each further attempt adds 1.
"""

from typing import Any, Final

from .codes import FACE_CODES, OCR_CODES
from .pictures import small_picture
from .records import BLANK, Record

OCR_RETRIES: Final = 2
FACE_RETRIES: Final = 1
PASS: Final = "pass"


def is_ocr_only(record: Record) -> bool:
    """Returns whether the link has no face check (type 01)."""
    return bool(record["type"] == "01")


def is_started(record: Record) -> bool:
    """Returns whether anything happened on the link."""
    return any(record[name] != value for name, value in BLANK.items())


def is_finished(record: Record) -> bool:
    """Returns whether all checks passed, or a failed check has no retry left."""
    if record["is_success"]:
        return True
    if not record["ocr_success"]:
        return _failed(record) and record["retries"] >= OCR_RETRIES
    if is_ocr_only(record) or record["face_id_success"]:
        return True
    return _failed(record) and record["face_retries"] >= FACE_RETRIES


def attempt_ocr(record: Record, choice: str) -> None:
    """Records an attempt at the document. `choice` is PASS or an error code."""
    retries = record["retries"] + int(_failed(record))
    pass_ocr(record) if choice == PASS else fail_ocr(record, choice, retries)
    record["retries"] = retries


def attempt_face(record: Record, choice: str) -> None:
    """Records an attempt at the face, after OCR passed. `choice` is PASS or an error code."""
    retries = record["face_retries"] + int(_failed(record))
    pass_face(record) if choice == PASS else fail_face(record, choice, retries)
    record["face_retries"] = retries


def pass_ocr(record: Record) -> None:
    """Records that OCR passed. A link of type 01 then succeeds."""
    record.update(ocr_success=1, ocr_result=_ocr_result([]), ocr_charged=1, latest_error=None)
    record.update(face_id_success=0, face_id_result=None, is_success=int(is_ocr_only(record)))


def fail_ocr(record: Record, code: str, retries: int) -> None:
    """Records that OCR failed with `code`, with `retries` used retries."""
    # After an error of the vendor itself there is no OCR result.
    result = _ocr_result([int(code)]) if code in OCR_CODES else None
    record.update(ocr_success=0, ocr_result=result, latest_error=code, retries=retries)
    record.update(face_id_success=0, face_id_result=None, is_success=0)


def pass_face(record: Record) -> None:
    """Records that the face matches the document. The verification succeeds."""
    record.update(face_id_success=1, face_id_result=_face_result("Success", 98.33), face_id_charged=1)
    record.update(latest_error=None, is_success=1)


def fail_face(record: Record, code: str, retries: int) -> None:
    """Records that the face check failed with `code`. It is charged nevertheless."""
    result = _face_result(code, 41.07) if code in FACE_CODES else None
    record.update(face_id_success=0, face_id_result=result, face_id_charged=1)
    record.update(latest_error=code, face_retries=retries, is_success=0)


def _failed(record: Record) -> bool:
    # Passing OCR clears latest_error, so an error is always of the current check.
    return record["latest_error"] is not None


def _ocr_result(warnings: list[int]) -> dict[str, Any]:
    return {
        "ID": "900101-14-5555",
        "Sex": "FEMALE",
        "Name": "AMINAH BINTI CONTOH",
        "Type": "MyKad",
        "Warn": warnings,
        "Image": small_picture(),
        "Address": "1 JALAN CONTOH, 50000 KUALA LUMPUR",
        "Birthday": "01/01/1990",
        "RequestId": "3f1c1f0e-0000-4000-8000-000000000001",
        "MyKadNumber": "900101-14-5555",
        "AdvancedInfo": "{}",
        "WarnCardInfos": warnings,
    }


def _face_result(result: str, similarity: float) -> dict[str, Any]:
    return {
        "Sim": similarity,  # per cent, a float
        "Result": result,
        "RequestId": "3f1c1f0e-0000-4000-8000-000000000002",
        "Description": result,
        "BestFrameList": [small_picture()],
        "BestFrameBase64": small_picture(),
    }
