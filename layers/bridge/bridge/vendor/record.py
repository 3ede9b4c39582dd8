"""Parses the vendor's record: tolerant of undocumented fields, strict with the fields that a decision depends on.

A required field that is missing or has a wrong type raises VendorMalformed. A record that contradicts the request or
itself is parsed, but decides nothing: see `VendorRecord.contradictions`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from bridge.domain.decision import VendorRecord
from bridge.domain.errors import VendorMalformed
from bridge.domain.identity import Identity
from bridge.domain.ids import ids_in

_FLAGS: dict[Any, bool] = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True, "": False}

# Seconds. A lifetime outside of these limits is ignored as an error of a clock or a time zone. Otherwise a valid link
# could count as expired. Slightly negative lifetimes occur for links that the vendor ended at once.
_MAX_LIFETIME = 86400.0
_MIN_LIFETIME = -60.0

# The flags that a decision depends on, by type.
_FLAGS_OF_TYPE = {"00": ("is_success", "ocr_success", "face_id_success"), "01": ("is_success", "ocr_success")}

_EMPTY: tuple[Any, ...] = (None, "", [], {})

# The objects of a record: the outer one, and the nested one if there is one.
_Objects = Sequence[Mapping[str, Any]]


def parse(
    fields: Mapping[str, Any], *, token: str, verification_id: str, type: str, id_country: str, id_type: str
) -> VendorRecord:
    """The record in `fields`, the `result` of the response for `token`.

    `verification_id` is in the return URL of the link. `type`, `id_country` and `id_type` are those of the request for
    the link. Raises VendorMalformed.
    """
    objects = _objects(fields)
    record = {name: value for each in objects for name, value in each.items()}
    token_contradictions = tuple(_token_contradictions(objects, token, verification_id))
    request = {"type": type, "ocr_country": id_country, "ocr_type": id_type}
    contradictions = (*token_contradictions, *_other_contradictions(objects, request))
    retries, face_retries = _count(record, "retries"), _count(record, "face_retries")
    ocr_success = _flag(record, "ocr_success")
    face_id_success = _flag(record, "face_id_success") if type == "00" else False
    is_success = _flag(record, "is_success")
    error = _error(record.get("latest_error"))
    has_results = record.get("ocr_result") or record.get("face_id_result") or retries or face_retries
    return VendorRecord(
        is_success=is_success,
        ocr_success=ocr_success,
        face_id_success=face_id_success,
        latest_error=error,
        retries=retries,
        face_retries=face_retries,
        # The record may be that of another link.
        lifetime=None if token_contradictions else _lifetime(record),
        started=bool(has_results or error or ocr_success or face_id_success or is_success),
        fields=fields,
        matches_token=not token_contradictions,
        contradictions=contradictions,
    )


def identity(fields: Mapping[str, Any]) -> Identity:
    """What the vendor read from the document; None for a field that is missing, of a wrong kind, or contradictory."""
    documents = [each["ocr_result"] for each in _objects(fields) if isinstance(each.get("ocr_result"), dict)]
    return Identity(_text(documents, "Name"), _text(documents, "ID"), _text(documents, "Birthday"))


def _objects(fields: Mapping[str, Any]) -> _Objects:
    """Older versions of the API nest the record, and have the overall flag outside of it."""
    nested = fields.get("verification")
    return (fields, nested) if isinstance(nested, dict) else (fields,)


def _text(objects: _Objects, name: str) -> str | None:
    """The text that all objects with this field agree on."""
    values = _values(objects, name)
    is_clear = values and isinstance(values[0], str) and all(value == values[0] for value in values)
    return values[0] if is_clear else None


def _token_contradictions(objects: _Objects, token: str, verification_id: str) -> Iterator[str]:
    """The fields by which it may be another's record.

    It must name its token, and must not name another one anywhere, nor another verification's return URL: the vendor
    may give the same link twice.
    """
    tokens = _values(objects, "token")
    if not tokens or any(value != token for value in tokens):
        yield "token"
    if any(value != token for url in _values(objects, "url") for value in _tokens_in(url)):
        yield "url"
    if any(id != verification_id for url in _values(objects, "redirect_url") for id in ids_in(str(url))):
        yield "redirect_url"


def _other_contradictions(objects: _Objects, request: Mapping[str, str]) -> Iterator[str]:
    """The fields that contradict the request, and the flags that differ between the objects."""
    yield from (name for name, value in request.items() if not _all_equal(_values(objects, name), value))
    yield from (name for name in _FLAGS_OF_TYPE[request["type"]] if _flags_differ(objects, name))


def _tokens_in(url: Any) -> list[str]:
    query = url.partition("#")[0].partition("?")[2] if isinstance(url, str) else ""
    return parse_qs(query).get("token", [])


def _values(objects: _Objects, name: str) -> list[Any]:
    """The values of a field in all objects of the record, without null and empty ones."""
    return [each[name] for each in objects if each.get(name) not in _EMPTY]


def _all_equal(values: Iterable[Any], expected: str) -> bool:
    """Case-insensitive. A value that is not a string is never equal."""
    return all(isinstance(value, str) and value.casefold() == expected.casefold() for value in values)


def _flags_differ(objects: _Objects, name: str) -> bool:
    return len({_flag(each, name) for each in objects if name in each}) > 1


def _flag(record: Mapping[str, Any], name: str) -> bool:
    """A flag: 0, 1, a boolean, or one of these as a string. null means "not yet", and so False."""
    if name not in record:
        raise VendorMalformed(f"{name} is missing")
    value = record[name]
    if value is None:
        return False
    if isinstance(value, str):
        value = value.strip().lower()
    if not isinstance(value, bool | int | float | str) or value not in _FLAGS:
        raise VendorMalformed(f"{name} is not a flag")
    return _FLAGS[value]


def _count(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise VendorMalformed(f"{name} is not a count")
    return value


def _error(value: Any) -> str | None:
    """The error code in `latest_error`. Its form is not documented: a code, or an object with a code."""
    if isinstance(value, Mapping) and value:
        value = next((value[key] for key in ("code", "Code", "error_code", "ErrorCode") if value.get(key)), "unnamed")
    if value is None or value in ("", [], {}) or value is False:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return "unnamed"
    text = str(value).strip()
    return None if text in ("", "0") else text[:200]


def _lifetime(record: Mapping[str, Any]) -> float | None:
    """Seconds between `created_at` and `expire_at`. Both are of one clock, so skew and time zones cancel out."""
    created, expires = _time(record, "created_at"), _time(record, "expire_at")
    if created is None or expires is None:
        return None
    lifetime = (expires - created).total_seconds()
    return lifetime if _MIN_LIFETIME <= lifetime <= _MAX_LIFETIME else None


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise VendorMalformed(f"{name} is not a time")
    try:
        time = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
