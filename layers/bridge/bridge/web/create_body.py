"""Validates the body of `POST /verifications`."""

import re
from collections.abc import Callable, Iterator, Set
from datetime import date
from typing import Any

from bridge.domain.country_codes import ALPHA_3
from bridge.domain.errors import FieldError
from bridge.domain.links import MAX_VALID_FOR, MIN_VALID_FOR
from bridge.domain.redirect_urls import has_outcome_parameters, validate_redirect_url

TYPES = ("00", "01")
ID_TYPES = ("ID_CARD", "PASSPORT")
LINK_MODES = ("now", "on_open")
MAX_REFERENCE_LENGTH = 128
MAX_METADATA_KEYS = 20
MAX_METADATA_KEY_LENGTH = 40
MAX_METADATA_VALUE_LENGTH = 500
MAX_NAME_LENGTH = 200
MAX_ID_NUMBER_LENGTH = 64

_LOCALE = re.compile(r"[A-Za-z0-9-]{1,35}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_REQUIRED = ("type", "id_country", "id_type")


def field_errors(body: dict[str, Any], allowed_origins: Set[str]) -> list[FieldError]:
    """All errors in a body, each with a JSON Pointer; an empty list for a valid body."""
    checks: dict[str, Callable[[Any], Iterator[FieldError]]] = {
        "type": lambda value: _one_of(value, "#/type", TYPES),
        "id_country": _country,
        "id_type": lambda value: _one_of(value, "#/id_type", ID_TYPES),
        "redirect_url": lambda value: _redirect_url(value, allowed_origins),
        "reference": _reference,
        "metadata": _metadata,
        "expected": _expected,
        "link": lambda value: _one_of(value, "#/link", LINK_MODES),
        "valid_for": lambda value: _valid_for(value, body.get("link")),
        "locale": _locale,
    }
    errors = [FieldError(f"#/{name}", "is required") for name in _REQUIRED if name not in body]
    for name, value in body.items():
        if name in checks:
            errors += checks[name](value)
        else:
            errors.append(FieldError(_pointer(name), "is unknown"))
    return errors


def _one_of(value: Any, pointer: str, allowed: tuple[str, ...]) -> Iterator[FieldError]:
    if value not in allowed:
        yield FieldError(pointer, f"must be one of {', '.join(allowed)}")


def _country(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, str) or value not in ALPHA_3:
        yield FieldError("#/id_country", "must be an ISO 3166-1 alpha-3 country code, such as MYS")


def _redirect_url(value: Any, allowed_origins: Set[str]) -> Iterator[FieldError]:
    if value is None:
        return
    if not isinstance(value, str):
        yield FieldError("#/redirect_url", "must be a string")
        return
    if error := validate_redirect_url(value, allowed_origins):
        yield FieldError("#/redirect_url", error)
    if has_outcome_parameters(value):
        yield FieldError("#/redirect_url", "must not have verification_id or status in its query")


def _reference(value: Any) -> Iterator[FieldError]:
    if value is not None and not _is_text(value, 1, MAX_REFERENCE_LENGTH):
        yield FieldError("#/reference", f"must be a string of 1 to {MAX_REFERENCE_LENGTH} characters")


def _metadata(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield FieldError("#/metadata", "must be an object")
        return
    if len(value) > MAX_METADATA_KEYS:
        yield FieldError("#/metadata", f"must have at most {MAX_METADATA_KEYS} keys")
        return
    for key, text in value.items():
        if not _is_text(key, 1, MAX_METADATA_KEY_LENGTH):
            yield FieldError(_pointer("metadata", key), f"must have a key of 1 to {MAX_METADATA_KEY_LENGTH} characters")
        if not _is_text(text, 0, MAX_METADATA_VALUE_LENGTH):
            yield FieldError(
                _pointer("metadata", key), f"must be a string of at most {MAX_METADATA_VALUE_LENGTH} characters"
            )


def _expected(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, dict) or not value:
        yield FieldError("#/expected", "must be an object with at least one of name, id_number and birthday")
        return
    lengths = {"name": MAX_NAME_LENGTH, "id_number": MAX_ID_NUMBER_LENGTH}
    for name, text in value.items():
        if name in lengths:
            if not _is_text(text, 1, lengths[name]):
                yield FieldError(f"#/expected/{name}", f"must be a string of 1 to {lengths[name]} characters")
        elif name != "birthday":
            yield FieldError(_pointer("expected", name), "is unknown")
        elif not _is_date(text):
            yield FieldError("#/expected/birthday", "must be a date, such as 1990-01-31")


def _valid_for(value: Any, link: Any) -> Iterator[FieldError]:
    if not _is_integer(value) or not MIN_VALID_FOR <= value <= MAX_VALID_FOR:
        yield FieldError("#/valid_for", f"must be an integer from {MIN_VALID_FOR} to {MAX_VALID_FOR} (seconds)")
    elif link != "on_open":
        yield FieldError("#/valid_for", 'needs "link": "on_open"')


def _is_integer(value: Any) -> bool:
    """Whether JSON Schema calls it an integer: 600.0 is one, as JavaScript does not tell it from 600."""
    # A boolean is an int in Python.
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def _locale(value: Any) -> Iterator[FieldError]:
    if value is not None and not (isinstance(value, str) and _LOCALE.fullmatch(value)):
        yield FieldError("#/locale", "must be a language tag of 1 to 35 letters, digits and hyphens")


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_text(value: Any, min_length: int, max_length: int) -> bool:
    """Whether it is a string of this length without lone surrogates, which JSON can escape but UTF-8 cannot encode."""
    if not isinstance(value, str) or not min_length <= len(value) <= max_length:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _pointer(*names: str) -> str:
    """A JSON Pointer fragment. Long names are truncated."""
    return "#/" + "/".join(name[:80].replace("~", "~0").replace("/", "~1") for name in names)
