"""Variants of a record: the same result in another shape.

Each variant takes the record, and returns what the vendor sends instead. It does not change the record.
"""

from collections.abc import Callable
from typing import Final

from .pictures import big_picture
from .records import Record

Variant = Callable[[Record], Record]

FLAGS: Final = ("ocr_success", "face_id_success", "is_success", "ocr_charged", "face_id_charged")


def _with_flags(convert: Callable[[int], object]) -> Variant:
    return lambda record: {**record, **{flag: convert(record[flag]) for flag in FLAGS}}


def _without(*names: str) -> Variant:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def _big_pictures(record: Record) -> Record:
    """Puts up to 5 MB of base64 into the results that the record has."""
    ocr, face = record["ocr_result"], record["face_id_result"]
    return {
        **record,
        "ocr_result": ocr and {**ocr, "Image": big_picture()},
        "face_id_result": face and {**face, "BestFrameBase64": big_picture(), "BestFrameList": [big_picture()]},
    }


def _unknown_fields(record: Record) -> Record:
    """Adds fields that the specification does not have."""
    return {
        **record,
        "risk": {"score": 0.25, "signals": ["none", None]},
        "review_note": "Überprüft ✓",
        "ocr_result": record["ocr_result"] and {**record["ocr_result"], "Nationality": "WARGANEGARA"},
    }


def _mixed_zones(record: Record) -> Record:
    """Leaves `expire_at` in UTC, and converts `created_at` to Malaysian time without an offset."""
    created = record["created_at"]
    hour = int(created[11:13])
    return record if hour >= 16 else {**record, "created_at": f"{created[:10]} {hour + 8:02d}{created[13:19]}"}


def _error_object(record: Record) -> Record:
    error = record["latest_error"]
    return {**record, "latest_error": {"code": error, "message": f"again: {record['url']}"} if error else {}}


def _old_document_error(record: Record) -> Record:
    """Keeps an earlier error of the document after OCR passed, until another error replaces it."""
    is_left = record["ocr_success"] and record["latest_error"] is None
    return {**record, "latest_error": "9108", "retries": 2} if is_left else record


def _other_token(record: Record) -> Record:
    token: str = record["token"]
    other = token[:-1] + ("Z" if token[-1] != "Z" else "A")
    return {**record, "token": other, "url": record["url"].replace(token, other)}


def _other(name: str, one: str, two: str) -> Variant:
    return lambda record: {**record, name: two if record[name] == one else one}


# Several variants apply in this order.
VARIANTS: Final[dict[str, Variant]] = {
    "big_pictures": _big_pictures,
    "booleans": _with_flags(bool),
    "strings": _with_flags(str),
    "nulls": _with_flags(lambda flag: flag or None),
    "unknown_fields": _unknown_fields,
    "empty_lists": lambda record: {**record, "ocr_result": [], "face_id_result": []},
    "error_object": _error_object,
    "old_document_error": _old_document_error,
    "without_times": _without("created_at", "expire_at"),
    "mixed_zones": _mixed_zones,
    "other_token": _other_token,
    "token_missing": _without("token", "url"),
    "other_type": _other("type", "00", "01"),
    "other_country": _other("ocr_country", "MYS", "SGP"),
    "other_document": _other("ocr_type", "PASSPORT", "ID_CARD"),
    "missing_is_success": _without("is_success"),
    "wrong_kinds": lambda record: {
        **record,
        "ocr_success": {},
        "face_id_success": [1],
        "is_success": {"value": record["is_success"]},
    },
    # Last, because they move the fields that the others change. Both have the old shape: the record one level down, and
    # the overall flag on both levels with different values, or on the outer level only.
    "outer_flag_differs": lambda record: {"is_success": 1 - record["is_success"], "verification": record},
    "nested": lambda record: {"is_success": record["is_success"], "verification": _without("is_success")(record)},
}
# Variants with the same meaning as the plain record. The last two do not say when the link expires.
EQUIVALENT: Final = ("booleans", "strings", "nulls", "unknown_fields", "empty_lists", "error_object", "nested",
                     "old_document_error", "without_times", "mixed_zones")  # fmt: skip
TIMELESS: Final = EQUIVALENT[-2:]
# Records with another token, or none. They may be another person's.
FOREIGN: Final = ("other_token", "token_missing")
# Records that contradict the request or themselves, so they must not decide a verification.
CONTRADICTING: Final = (*FOREIGN, "other_type", "other_country", "outer_flag_differs")
