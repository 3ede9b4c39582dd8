"""The table of outcomes: what can happen on the vendor's page, and how it changes the record.

An outcome is a change of the record, or a variant of the response. "+" joins several: `9102+expired`,
`verified+big_pictures`. If only variants are named, and nobody used the link, the record is verified first.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Final

from . import checks
from .codes import FACE_CODES, OCR_CODES, UNKNOWN_CODE, VENDOR_ERROR_CODES
from .errors import UnknownNameError
from .record_variants import VARIANTS, Variant
from .records import BLANK, Record, timestamp

# Changes the record in place. The second argument is the time, in seconds since 1970.
Change = Callable[[Record, float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome, of which one field is set."""

    change: Change | None = None
    variant: Variant | None = None


def play(record: Record, names: str, now: float) -> tuple[Record, tuple[Variant, ...]]:
    """Returns a changed copy of the record, and the variants of its response.

    Raises:
        UnknownNameError: the table has no such outcome.
        ValueError: the outcome needs a face check, and the link has none.
    """
    wanted = names.split("+")
    for name in wanted:
        if name not in OUTCOMES:
            raise UnknownNameError("outcome", name, OUTCOMES)
    changes = [change for name in wanted if (change := OUTCOMES[name].change)]
    changed = deepcopy(record)
    for change in changes or _implied(changed):
        change(changed, now)
    if changed != record:
        changed["updated_at"] = timestamp(now)
    return changed, tuple(variant for name, variant in VARIANTS.items() if name in wanted)


def _implied(record: Record) -> list[Change]:
    return [] if checks.is_started(record) else [_verified]


def _verified(record: Record, now: float) -> None:
    checks.pass_ocr(record)
    if not checks.is_ocr_only(record):
        checks.pass_face(record)


def _ocr_passed(record: Record, now: float) -> None:
    checks.pass_ocr(record)


def _document_error_left_behind(record: Record, now: float) -> None:
    """OCR passes at the last attempt, and latest_error keeps the error of the attempt before."""
    checks.pass_ocr(record)
    record.update(retries=checks.OCR_RETRIES, latest_error=OCR_CODES[0])


def _untouched(record: Record, now: float) -> None:
    record.update(BLANK)


def _ocr_failed(code: str, retries: int, record: Record, now: float) -> None:
    checks.fail_ocr(record, code, retries)


def _face_failed(code: str, retries: int, record: Record, now: float) -> None:
    if checks.is_ocr_only(record):
        raise ValueError(f"a link of type 01 has no face check that could fail with {code}")
    checks.pass_ocr(record)
    checks.fail_face(record, code, retries)


def _last_check_failed(code: str, record: Record, now: float) -> None:
    """The last check of the type fails, with no retry left."""
    if checks.is_ocr_only(record):
        _ocr_failed(code, checks.OCR_RETRIES, record, now)
    else:
        _face_failed(code, checks.FACE_RETRIES, record, now)


def _expired(record: Record, now: float) -> None:
    record["expire_at"] = timestamp(now - 60)


def _inconsistent(record: Record, now: float) -> None:
    """The record claims success without a check that the type needs."""
    if checks.is_ocr_only(record):
        record.update(BLANK, is_success=1)
    else:
        checks.pass_ocr(record)
        record.update(is_success=1)


def _all_checks_no_success(record: Record, now: float) -> None:
    _verified(record, now)
    record.update(is_success=0)


def _table() -> dict[str, Outcome]:
    changes: dict[str, Change] = {
        "verified": _verified,
        "ocr_passed": _ocr_passed,
        "document_error_left_behind": _document_error_left_behind,
        "untouched": _untouched,
        "expired": _expired,
        "inconsistent": _inconsistent,
        "all_checks_no_success": _all_checks_no_success,
        "unknown_error": partial(_last_check_failed, UNKNOWN_CODE),
        # Errors with no retry left. The code is the record's latest_error.
        **{code: partial(_ocr_failed, code, checks.OCR_RETRIES) for code in OCR_CODES},
        **{code: partial(_face_failed, code, checks.FACE_RETRIES) for code in FACE_CODES},
        **{code: partial(_last_check_failed, code) for code in VENDOR_ERROR_CODES},
    }
    # Errors with one retry left.
    for code in (*OCR_CODES, *VENDOR_ERROR_CODES):
        changes[f"ocr_retry_left:{code}"] = partial(_ocr_failed, code, checks.OCR_RETRIES - 1)
    for code in (*FACE_CODES, *VENDOR_ERROR_CODES):
        changes[f"face_retry_left:{code}"] = partial(_face_failed, code, checks.FACE_RETRIES - 1)
    return {
        **{name: Outcome(change=change) for name, change in changes.items()},
        **{name: Outcome(variant=variant) for name, variant in VARIANTS.items()},
    }


OUTCOMES: Final[dict[str, Outcome]] = _table()
