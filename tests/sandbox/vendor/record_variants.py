"""Odd ways of telling a record: what happened stays the same, the answer looks different.

Each takes the record and returns what the vendor sends in its place; the record itself is never altered.
"""

from collections.abc import Callable
from typing import Any, Final

from .pictures import big_picture
from .records import Record

Disguise = Callable[[Record], Record]

FLAGS: Final = ("ocr_success", "face_id_success", "is_success", "ocr_charged", "face_id_charged")


def _with_flags(convert: Callable[[int], object]) -> Disguise:
    return lambda record: {**record, **{flag: convert(record[flag]) for flag in FLAGS}}


def _big_pictures(record: Record) -> Record:
    """5 MB of base64 in the results that the record has; a result it lacks stays absent."""
    ocr, face = record["ocr_result"], record["face_id_result"]
    return {
        **record,
        "ocr_result": ocr and {**ocr, "Image": big_picture()},
        "face_id_result": face and {**face, "BestFrameBase64": big_picture(), "BestFrameList": [big_picture()]},
    }


def _unknown_fields(record: Record) -> Record:
    ocr: dict[str, Any] | None = record["ocr_result"]
    return {
        **record,
        "risk": {"score": 0.25, "signals": ["none", None]},
        "review_note": "Überprüft ✓",
        "ocr_result": ocr and {**ocr, "Nationality": "WARGANEGARA"},
    }


def _nested(record: Record) -> Record:
    """The old shape: the record one level down, and is_success beside it only."""
    outer = {name: value for name, value in record.items() if name == "is_success"}
    return {**outer, "verification": _missing_is_success(record)}


def _other_token(record: Record) -> Record:
    token: str = record["token"]
    other = token[1:] + ("Z" if token[0] != "Z" else "A")
    return {**record, "token": other, "url": record["url"].replace(token, other)}


def _token_missing(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in ("token", "url")}


def _outer_flag_differs(record: Record) -> Record:
    """The old shape, with the overall flag on both levels and not the same."""
    return {"is_success": 1 - record["is_success"], "verification": record}


def _missing_is_success(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "is_success"}


def _wrong_kinds(record: Record) -> Record:
    return {
        **record,
        "ocr_success": {},
        "face_id_success": [1],
        "is_success": {"value": record["is_success"]},
    }


DISGUISES: Final[dict[str, Disguise]] = {
    "big_pictures": _big_pictures,
    "booleans": _with_flags(bool),
    "strings": _with_flags(str),
    "unknown_fields": _unknown_fields,
    "empty_lists": lambda record: {**record, "ocr_result": [], "face_id_result": []},
    "other_token": _other_token,
    "token_missing": _token_missing,
    "other_type": lambda record: {**record, "type": "01" if record["type"] == "00" else "00"},
    "other_country": lambda record: {**record, "ocr_country": "SGP" if record["ocr_country"] != "SGP" else "MYS"},
    "other_document": lambda record: {
        **record,
        "ocr_type": "ID_CARD" if record["ocr_type"] != "ID_CARD" else "PASSPORT",
    },
    "missing_is_success": _missing_is_success,
    "wrong_kinds": _wrong_kinds,
    # Last, for they move the fields that the others look for.
    "outer_flag_differs": _outer_flag_differs,
    "nested": _nested,
}
