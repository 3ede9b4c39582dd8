"""Reads the vendor's record: tolerant of what nobody documents, strict in what a verdict hangs on.

A field that we need and that is missing or of a wrong kind is the vendor's fault (VendorMalformed), never the person's.
A record that contradicts the request, or itself, is read, and judges nobody: `VendorRecord.contradictions` says why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from bridge.domain.decision import VendorRecord
from bridge.domain.errors import VendorMalformed

_FLAGS: dict[Any, bool] = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True, "": False}

# Seconds. A lifetime beyond any link's is a clock's or a time zone's mistake, and so is one below zero by more than the
# moment of a link that was ended as it was made: a link that still lives must not be taken for one that is over.
_LONGEST_LIFETIME = 86400.0
_SHORTEST_LIFETIME = -60.0


# The flags that a verdict hangs on, by our type.
_FLAGS_OF_TYPE = {"00": ("is_success", "ocr_success", "face_id_success"), "01": ("is_success", "ocr_success")}

_EMPTY: tuple[Any, ...] = (None, "", [], {})

_Levels = Sequence[Mapping[str, Any]]


def parse(fields: Mapping[str, Any], *, token: str, type: str, id_country: str, id_type: str) -> VendorRecord:
    """The record in the `result` of the response to the GET of `token`; the others are what the link was asked for."""
    # An old version nested the record beside the overall flag.
    nested = fields.get("verification")
    levels = (fields, nested) if isinstance(nested, dict) else (fields,)
    record = {name: value for level in levels for name, value in level.items()}
    asked = {"type": type, "ocr_country": id_country, "ocr_type": id_type}
    token_contradictions = tuple(_token_contradictions(levels, token))
    contradictions = (
        *token_contradictions,
        *(name for name, value in asked.items() if not _all_equal(_named(levels, name), value)),
        *(name for name in _FLAGS_OF_TYPE[type] if _flags_differ(levels, name)),
    )
    retries, face_retries = _count(record, "retries"), _count(record, "face_retries")
    ocr_success = _flag(record, "ocr_success")
    face_id_success = _flag(record, "face_id_success") if type == "00" else False
    is_success = _flag(record, "is_success")
    error = _error(record.get("latest_error"))
    touched = record.get("ocr_result") or record.get("face_id_result") or retries or face_retries
    return VendorRecord(
        is_success=is_success,
        ocr_success=ocr_success,
        face_id_success=face_id_success,
        latest_error=error,
        retries=retries,
        face_retries=face_retries,
        # Another link's end is not ours.
        lifetime=None if token_contradictions else _lifetime(record),
        started=bool(touched or error or ocr_success or face_id_success or is_success),
        fields=fields,
        is_of_token=not token_contradictions,
        contradictions=contradictions,
    )


def _token_contradictions(levels: _Levels, token: str) -> Iterator[str]:
    """The fields by which a record is not shown to be the one of `token`: it has to name it, and no other anywhere."""
    tokens = _named(levels, "token")
    if not tokens or any(value != token for value in tokens):
        yield "token"
    if any(value != token for url in _named(levels, "url") for value in _tokens_in(url)):
        yield "url"


def _tokens_in(url: Any) -> list[str]:
    query = url.partition("#")[0].partition("?")[2] if isinstance(url, str) else ""
    return parse_qs(query).get("token", [])


def _named(levels: _Levels, name: str) -> list[Any]:
    """What a record says in a field, on all its levels; null and empty say nothing."""
    return [level[name] for level in levels if level.get(name) not in _EMPTY]


def _all_equal(values: Iterable[Any], asked: str) -> bool:
    """Compared without case. A value that is no text cannot be shown to be the same."""
    return all(isinstance(value, str) and value.casefold() == asked.casefold() for value in values)


def _flags_differ(levels: _Levels, name: str) -> bool:
    return len({_flag(level, name) for level in levels if name in level}) > 1


def _flag(record: Mapping[str, Any], name: str) -> bool:
    """0/1, a boolean, their strings; null means not (yet), which is never a success."""
    if name not in record:
        raise VendorMalformed(f"{name} is missing")
    value = record[name]
    if value is None:
        return False
    if isinstance(value, str):
        value = value.strip().lower()
    if not isinstance(value, bool | int | float | str) or value not in _FLAGS:
        raise VendorMalformed(f"{name} is no flag")
    return _FLAGS[value]


def _count(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise VendorMalformed(f"{name} is no count")
    return value


def _error(value: Any) -> str | None:
    """The code in `latest_error`, whose form is not documented: a code, or an object that names it."""
    if isinstance(value, Mapping) and value:
        value = next((value[key] for key in ("code", "Code", "error_code", "ErrorCode") if value.get(key)), "unnamed")
    if value is None or value in ("", [], {}) or value is False:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return "unnamed"
    text = str(value).strip()
    return None if text in ("", "0") else text[:200]


def _lifetime(record: Mapping[str, Any]) -> float | None:
    """Seconds between `created_at` and `expire_at`: two readings of one clock, so skew and time zones fall out."""
    created, expires = _time(record, "created_at"), _time(record, "expire_at")
    if created is None or expires is None:
        return None
    lifetime = (expires - created).total_seconds()
    return lifetime if _SHORTEST_LIFETIME <= lifetime <= _LONGEST_LIFETIME else None


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise VendorMalformed(f"{name} is no time")
    try:
        time = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
