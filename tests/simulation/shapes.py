"""Ways in which a sound record may look: what they say is the same."""

from collections.abc import Callable
from typing import Any

from .canaries import MARK

Record = dict[str, Any]
Shape = Callable[[Record], Record]

_FLAGS = ("ocr_success", "face_id_success", "is_success")


def plain(record: Record) -> Record:
    return record


def booleans(record: Record) -> Record:
    return {**record, **{name: bool(record[name]) for name in _FLAGS}}


def strings(record: Record) -> Record:
    return {**record, **{name: str(record[name]) for name in _FLAGS}, "retries": str(record["retries"])}


def nulls(record: Record) -> Record:
    return {**record, **{name: record[name] or None for name in _FLAGS}}


def empty_lists(record: Record) -> Record:
    return {**record, "ocr_result": record["ocr_result"] or [], "face_id_result": record["face_id_result"] or []}


def nested(record: Record) -> Record:
    """The old shape: the overall flag stands beside the record."""
    inner = {name: value for name, value in record.items() if name != "is_success"}
    return {"is_success": record["is_success"], "verification": inner}


def newer(record: Record) -> Record:
    """Fields that nobody knows yet."""
    return {**record, "end_user_id": None, "pruned_at": None, "risk": {"score": 0.25, "ü": [MARK, None, 1e-7]}}


def without_times(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in ("created_at", "expire_at")}


def mixed_zones(record: Record) -> Record:
    """`expire_at` in UTC, `created_at` in Malaysia's time and without saying so."""
    hour = int(record["created_at"][11:13])
    if hour >= 16:
        return record
    local = f"{record['created_at'][:10]} {hour + 8:02d}{record['created_at'][13:19]}"
    return {**record, "created_at": local}


def error_object(record: Record) -> Record:
    error = record["latest_error"]
    return {**record, "latest_error": {"code": error, "message": f"{MARK}: try again"} if error else {}}


def document_error_left_behind(record: Record) -> Record:
    """The document passed, and the error of an earlier attempt stands there until another replaces it."""
    is_left = record["ocr_success"] and record["latest_error"] is None
    return {**record, "latest_error": "9108", "retries": 2} if is_left else record


SHAPES: tuple[Shape, ...] = (
    plain,
    booleans,
    strings,
    nulls,
    empty_lists,
    nested,
    newer,
    without_times,
    mixed_zones,
    error_object,
    document_error_left_behind,
)
# These do not tell how long the link lives.
TIMELESS = (without_times, mixed_zones)
