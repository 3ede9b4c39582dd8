"""What may stand in the body of `POST /verifications`."""

from collections.abc import Callable, Iterator, Set
from typing import Any

from bridge.domain.country_codes import ALPHA_3
from bridge.domain.errors import FieldError
from bridge.domain.redirect_urls import names_outcome, validate_redirect_url

TYPES = ("00", "01")
ID_TYPES = ("ID_CARD", "PASSPORT")
LONGEST_REFERENCE = 128
MOST_METADATA = 20
LONGEST_METADATA_KEY = 40
LONGEST_METADATA_VALUE = 500

_REQUIRED = ("type", "id_country", "id_type", "redirect_url")


def field_errors(body: dict[str, Any], allowed_origins: Set[str]) -> list[FieldError]:
    """Everything that is wrong with a body, each with its JSON Pointer."""
    checks: dict[str, Callable[[Any], Iterator[FieldError]]] = {
        "type": lambda value: _one_of(value, "#/type", TYPES),
        "id_country": _country,
        "id_type": lambda value: _one_of(value, "#/id_type", ID_TYPES),
        "redirect_url": lambda value: _redirect_url(value, allowed_origins),
        "reference": _reference,
        "metadata": _metadata,
    }
    errors = [FieldError(f"#/{name}", "is required") for name in _REQUIRED if name not in body]
    for name, value in body.items():
        if name in checks:
            errors += checks[name](value)
        else:
            errors.append(FieldError(_pointer(name), "is not a known field"))
    return errors


def _one_of(value: Any, pointer: str, allowed: tuple[str, ...]) -> Iterator[FieldError]:
    if value not in allowed:
        yield FieldError(pointer, f"must be one of {', '.join(allowed)}")


def _country(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, str) or value not in ALPHA_3:
        yield FieldError("#/id_country", "must be an ISO 3166-1 alpha-3 country code, such as MYS")


def _redirect_url(value: Any, allowed_origins: Set[str]) -> Iterator[FieldError]:
    if not isinstance(value, str):
        yield FieldError("#/redirect_url", "must be a text")
        return
    if error := validate_redirect_url(value, allowed_origins):
        yield FieldError("#/redirect_url", error)
    if names_outcome(value):
        yield FieldError("#/redirect_url", "must not name verification_id or status in its query: they are added to it")


def _reference(value: Any) -> Iterator[FieldError]:
    if value is not None and not _is_text(value, 1, LONGEST_REFERENCE):
        yield FieldError("#/reference", f"must be a text of 1 to {LONGEST_REFERENCE} characters")


def _metadata(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield FieldError("#/metadata", "must be an object")
        return
    if len(value) > MOST_METADATA:
        yield FieldError("#/metadata", f"must have at most {MOST_METADATA} keys")
        return
    for key, text in value.items():
        if not _is_text(key, 1, LONGEST_METADATA_KEY):
            yield FieldError(_pointer("metadata", key), f"must have a key of 1 to {LONGEST_METADATA_KEY} characters")
        if not _is_text(text, 0, LONGEST_METADATA_VALUE):
            yield FieldError(
                _pointer("metadata", key), f"must be a text of at most {LONGEST_METADATA_VALUE} characters"
            )


def _is_text(value: Any, shortest: int, longest: int) -> bool:
    """Whether it is a text of that length, and one that UTF-8 can carry (JSON can escape half a character)."""
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _pointer(*names: str) -> str:
    """A JSON Pointer fragment; of a long name only its beginning, as the answer need not carry it back whole."""
    return "#/" + "/".join(name[:80].replace("~", "~0").replace("/", "~1") for name in names)
