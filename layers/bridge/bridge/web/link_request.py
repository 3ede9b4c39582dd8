"""What may stand in the body of `POST /verifications`."""

from collections.abc import Callable, Iterator, Set
from typing import Any

from bridge.country_codes import ALPHA_3
from bridge.errors import Fault
from bridge.origins import fault_of, names_outcome

TYPES = ("00", "01")
ID_TYPES = ("ID_CARD", "PASSPORT")
LONGEST_REFERENCE = 128
MOST_METADATA = 20
LONGEST_METADATA_KEY = 40
LONGEST_METADATA_VALUE = 500

_REQUIRED = ("type", "id_country", "id_type", "redirect_url")


def faults_in(body: dict[str, Any], allowed_origins: Set[str]) -> list[Fault]:
    """Everything that is wrong with a body, each with its JSON Pointer."""
    checks: dict[str, Callable[[Any], Iterator[Fault]]] = {
        "type": lambda value: _one_of(value, "#/type", TYPES),
        "id_country": _country,
        "id_type": lambda value: _one_of(value, "#/id_type", ID_TYPES),
        "redirect_url": lambda value: _redirect_url(value, allowed_origins),
        "reference": _reference,
        "metadata": _metadata,
    }
    faults = [Fault(f"#/{name}", "is required") for name in _REQUIRED if name not in body]
    for name, value in body.items():
        if name in checks:
            faults += checks[name](value)
        else:
            faults.append(Fault(_pointer(name), "is not a known field"))
    return faults


def _one_of(value: Any, pointer: str, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if value not in allowed:
        yield Fault(pointer, f"must be one of {', '.join(allowed)}")


def _country(value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or value not in ALPHA_3:
        yield Fault("#/id_country", "must be an ISO 3166-1 alpha-3 country code, such as MYS")


def _redirect_url(value: Any, allowed_origins: Set[str]) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault("#/redirect_url", "must be a text")
        return
    if fault := fault_of(value, allowed_origins):
        yield Fault("#/redirect_url", fault)
    if names_outcome(value):
        yield Fault("#/redirect_url", "must not name verification_id or status in its query: they are added to it")


def _reference(value: Any) -> Iterator[Fault]:
    if value is not None and not _is_text(value, 1, LONGEST_REFERENCE):
        yield Fault("#/reference", f"must be a text of 1 to {LONGEST_REFERENCE} characters")


def _metadata(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault("#/metadata", "must be an object")
        return
    if len(value) > MOST_METADATA:
        yield Fault("#/metadata", f"must have at most {MOST_METADATA} keys")
        return
    for key, text in value.items():
        if not _is_text(key, 1, LONGEST_METADATA_KEY):
            yield Fault(_pointer("metadata", key), f"must have a key of 1 to {LONGEST_METADATA_KEY} characters")
        if not _is_text(text, 0, LONGEST_METADATA_VALUE):
            yield Fault(_pointer("metadata", key), f"must be a text of at most {LONGEST_METADATA_VALUE} characters")


def _is_text(value: Any, shortest: int, longest: int) -> bool:
    """Whether it is a text of that length, and one that UTF-8 can carry (JSON can escape half a character)."""
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _pointer(*names: str) -> str:
    """A JSON Pointer fragment; of a long name only its beginning, as the answer need not carry it back whole."""
    return "#/" + "/".join(name[:80].replace("~", "~0").replace("/", "~1") for name in names)
