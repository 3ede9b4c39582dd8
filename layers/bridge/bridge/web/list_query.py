"""Parses and validates the query of `GET /verifications`, and writes its cursors."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime

from bridge.domain.errors import FieldError, InvalidRequest
from bridge.domain.listing import ListQuery
from bridge.domain.verification import Position, Status, timestamp

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
_CREATED = {"status", "created_after", "created_before"}
_PARAMETERS = _CREATED | {"reference", "limit", "cursor"}

# Of the times in a query. A list reads the days around them, and the calendar has an end.
_YEARS = range(2000, 2201)


def parse_list_query(query: Mapping[str, str]) -> ListQuery:
    """Raises InvalidRequest, with all errors."""
    errors = [FieldError(f"query:{name}", "is unknown") for name in query.keys() - _PARAMETERS]
    reference, limit, after = query.get("reference"), query.get("limit"), None
    if reference is not None and not 1 <= len(reference) <= 128:
        errors.append(FieldError("query:reference", "must have 1 to 128 characters"))
    if reference is not None:
        errors += [FieldError(f"query:{name}", "cannot be combined with reference") for name in query.keys() & _CREATED]
    if limit is not None and not (re.fullmatch(r"[0-9]{1,3}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        errors.append(FieldError("query:limit", f"must be an integer from 1 to {MAX_LIMIT}"))
    status = query.get("status")
    if status is not None and status not in list(Status):
        errors.append(FieldError("query:status", f"must be one of {', '.join(Status)}"))
    start, end = _time(query, "created_after", errors), _time(query, "created_before", errors)
    if start and end and start >= end:
        errors.append(FieldError("query:created_before", "must be later than created_after"))
    if "cursor" in query and (after := _decode_cursor(query["cursor"], start, end)) is None:
        errors.append(FieldError("query:cursor", "must be the next_cursor of a page of the same list"))
    if errors:
        raise InvalidRequest(sorted(errors, key=lambda error: error.pointer))
    return ListQuery(reference, Status(status) if status else None, start, end, int(limit or DEFAULT_LIMIT), after)


def _time(query: Mapping[str, str], name: str, errors: list[FieldError]) -> datetime | None:
    if name not in query:
        return None
    try:
        time = datetime.fromisoformat(query[name]) if len(query[name]) <= 40 else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or time.year not in _YEARS:
        errors.append(FieldError(f"query:{name}", "must be a time with a zone, such as 2026-01-31T08:00:00Z"))
        return None
    return time


def encode_cursor(position: Position | None) -> str | None:
    """A position as an opaque string. It has no principal or reference, because each request contains both."""
    return position and base64.urlsafe_b64encode("|".join(position).encode()).decode()


def _decode_cursor(cursor: str, start: datetime | None, end: datetime | None) -> Position | None:
    """The position in a cursor; None if there is none, or it is not between `start` and `end`."""
    try:
        time, _, id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii").partition("|")
        is_in_range = datetime.fromisoformat(time).year in _YEARS
    except ValueError:
        return None
    is_in_span = (start is None or timestamp(start) <= time) and (end is None or time < timestamp(end))
    is_position = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z", time) and 1 <= len(id) <= 64
    return (time, id) if is_position and is_in_range and is_in_span else None
