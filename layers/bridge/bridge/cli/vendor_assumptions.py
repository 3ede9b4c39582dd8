"""The bridge's assumptions about the vendor's responses. Differences name fields and JSON types, never values."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.domain.errors import VendorError, VendorMalformed
from bridge.vendor import record as vendor_record
from bridge.vendor import response as vendor_response

# From `created_at` to `expire_at`; the default of LinkLifetimeSeconds.
LINK_LIFETIME_SECONDS = 900

# The record of a link that nobody has opened, as the vendor documents it.
FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("id", "organisation_id"), ("integer",)),
    **dict.fromkeys(("type", "token", "url", "redirect_url", "ocr_country", "ocr_type"), ("string",)),
    **dict.fromkeys(("ocr_success", "face_id_success", "is_success", "retries"), ("integer",)),
    **dict.fromkeys(("ocr_result", "face_id_result", "latest_error", "medias"), ("null",)),
    **dict.fromkeys(("created_at", "updated_at", "expire_at"), ("timestamp",)),
}
# Fields of newer records, which may be absent.
NEWER_FIELDS: dict[str, tuple[str, ...]] = {
    "end_user_id": ("null", "integer", "string"),
    "pruned_at": ("null",),
    **dict.fromkeys(("ocr_charged", "face_id_charged", "face_retries"), ("integer",)),
}

# Other names of fields and headers are not printed, because they might contain a value.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def printable_name(text: str) -> str:
    return text if _NAME.fullmatch(text) else "(a name that is not shown)"


def json_type(value: object) -> str:
    """The JSON type of a value. "timestamp" is an ISO 8601 string with a time zone."""
    if isinstance(value, str):
        return "timestamp" if _is_timestamp(value) else "string"
    # bool comes first because it is a subclass of int.
    types: dict[type, str] = {bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
    return next((text for type_, text in types.items() if isinstance(value, type_)), "null")


def _is_timestamp(text: str) -> bool:
    try:
        return len(text) > 10 and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def json_shape(body: bytes) -> str:
    """The names and types in a JSON body, such as `{message: string, status: integer}`."""
    try:
        return _shape_of(json.loads(body))
    except (ValueError, RecursionError):
        return "not JSON" if body else "empty"


def _shape_of(value: object, depth: int = 3) -> str:
    if not isinstance(value, dict) or not depth:
        return json_type(value)
    members = (f"{printable_name(key)}: {_shape_of(member, depth - 1)}" for key, member in sorted(value.items()))
    return "{" + ", ".join(members) + "}"


def interpretation(status: int, body: bytes) -> str:
    """How the bridge interprets a response: "success", or the class name of a VendorError."""
    try:
        vendor_response.check_status(status)
        vendor_response.parse(body)
    except VendorError as error:
        return type(error).__name__
    return "success"


def header_differences(headers: Mapping[str, str]) -> Iterator[str]:
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        yield "the Content-Type is not application/json"
    if headers.get("Content-Encoding", "identity") != "identity":
        yield "the body is compressed, although only identity was accepted"


def envelope_differences(body: Mapping[str, Any]) -> Iterator[str]:
    """Compares a body with `{"status": 200, "result": {…}}`."""
    for member, expected in {"status": "integer", "result": "object"}.items():
        if json_type(body.get(member)) != expected:
            yield f"{member} is {json_type(body[member]) if member in body else 'missing'}, not {expected}"
    for member in sorted(body.keys() - {"status", "result"}):
        yield f"{printable_name(member)} is unknown ({json_type(body[member])})"


def record_differences(record: Mapping[str, Any], *, token: str, sent: Mapping[str, str]) -> Iterator[str]:
    """Compares the record of an unopened link. `sent` are the fields of the request for the link."""
    for field, types in (FIELDS | NEWER_FIELDS).items():
        if field in record and json_type(record[field]) not in types:
            yield f"{field} is {json_type(record[field])}, not {' or '.join(types)}"
        elif field not in record and field in FIELDS:
            yield f"{field} is missing"
    for field in sorted(record.keys() - FIELDS.keys() - NEWER_FIELDS.keys()):
        yield f"{printable_name(field)} is unknown ({json_type(record[field])})"
    named = {"type": "type", "id_country": "ocr_country", "id_type": "ocr_type", "redirect_url": "redirect_url"}
    for field, returned in named.items():
        if returned in record and record[returned] != sent[field]:
            yield f"{returned} is not the {field} that was sent"
    yield from _reading_differences(record, token, sent)


def _reading_differences(record: Mapping[str, Any], token: str, sent: Mapping[str, str]) -> Iterator[str]:
    """Compares the parsed record with that of an unopened link."""
    requested = {field: sent[field] for field in ("type", "id_country", "id_type")}
    try:
        read = vendor_record.parse(record, token=token, verification_id="", **requested)
    except VendorMalformed as error:
        yield f"the bridge cannot read the record: {error.what}"
        return
    for field in read.contradictions:
        yield f"{field} contradicts the request or the record itself, so the record decides nothing"
    if read.started:
        yield "the record reads as if the person had begun"
    if read.lifetime != LINK_LIFETIME_SECONDS:
        lifetime = "unknown" if read.lifetime is None else f"{read.lifetime:g} s"
        yield f"the lifetime of the link is {lifetime}, not {LINK_LIFETIME_SECONDS} s"
