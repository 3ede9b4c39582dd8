"""What can happen on the vendor's page: one table, from an outcome's name to how it alters the record.

An outcome changes what happened (a change), or the form of the response (a variant). Several are joined by
"+": `9102+expired`, `verified+big_pictures`. Variants named alone, on a link that nobody used, are of a
verified record.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Final

from . import checks
from .codes import FACE_CODES, MACHINERY_CODES, OCR_CODES, UNKNOWN_CODE
from .errors import UnknownNameError
from .record_variants import VARIANTS, Variant
from .records import BLANK, Record, timestamp

# Alters the record in place; the second argument is now, in seconds since 1970.
Change = Callable[[Record, float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of the two is set."""

    change: Change | None = None
    variant: Variant | None = None


def play(record: Record, names: str, now: float) -> tuple[Record, tuple[Variant, ...]]:
    """The record after the outcomes `names`, and the variants of its response; `record` itself is not altered.

    Raises:
        UnknownNameError: a name is not in the table.
        ValueError: the outcome needs a face check, and the link has none.
    """
    wanted = names.split("+")
    for name in wanted:
        if name not in OUTCOMES:
            raise UnknownNameError("outcome", name, OUTCOMES)
    changes = [change for name in wanted if (change := OUTCOMES[name].change)]
    altered = deepcopy(record)
    for change in changes or _implied(altered):
        change(altered, now)
    if altered != record:
        altered["updated_at"] = timestamp(now)
    return altered, tuple(variant for name, variant in VARIANTS.items() if name in wanted)


def _implied(record: Record) -> list[Change]:
    return [] if checks.is_started(record) else [_verified]


def _verified(record: Record, now: float) -> None:
    checks.pass_ocr(record)
    if not checks.is_ocr_only(record):
        checks.pass_face(record)


def _ocr_passed(record: Record, now: float) -> None:
    checks.pass_ocr(record)


def _document_error_left_behind(record: Record, now: float) -> None:
    """The document passed at its last attempt, and the error of the one before is still there."""
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
    """Fails in the last check that the type asks for, with no retry left."""
    if checks.is_ocr_only(record):
        _ocr_failed(code, checks.OCR_RETRIES, record, now)
    else:
        _face_failed(code, checks.FACE_RETRIES, record, now)


def _expired(record: Record, now: float) -> None:
    record["expire_at"] = timestamp(now - 60)


def _inconsistent(record: Record, now: float) -> None:
    """Success is claimed, and the check that it needs is not there."""
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
        # Without a retry left: the code is the record's latest_error.
        **{code: partial(_ocr_failed, code, checks.OCR_RETRIES) for code in OCR_CODES},
        **{code: partial(_face_failed, code, checks.FACE_RETRIES) for code in FACE_CODES},
        **{code: partial(_last_check_failed, code) for code in MACHINERY_CODES},
    }
    # With exactly one retry left.
    for code in (*OCR_CODES, *MACHINERY_CODES):
        changes[f"ocr_retry_left:{code}"] = partial(_ocr_failed, code, checks.OCR_RETRIES - 1)
    for code in (*FACE_CODES, *MACHINERY_CODES):
        changes[f"face_retry_left:{code}"] = partial(_face_failed, code, checks.FACE_RETRIES - 1)
    return {
        **{name: Outcome(change=change) for name, change in changes.items()},
        **{name: Outcome(variant=variant) for name, variant in VARIANTS.items()},
    }


OUTCOMES: Final[dict[str, Outcome]] = _table()
