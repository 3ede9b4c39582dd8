"""Reading the body of a POST that makes a link."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Request


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


# Each field with its rule and what the answer says when it is broken.
_RULES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "type": (lambda text: text in ("00", "01"), "must be 00 or 01"),
    # The shape only: which codes the vendor knows is not documented.
    "id_country": (lambda text: bool(re.fullmatch("[A-Z]{3}", text)), "must be an ISO 3166-1 alpha-3 code"),
    "id_type": (lambda text: text in ("ID_CARD", "PASSPORT"), "must be ID_CARD or PASSPORT"),
    "redirect_url": (_is_web_address, "must be an http or https address"),
}


def posted_fields(request: Request) -> dict[str, object]:
    """The fields of a JSON object or of a form; anything else holds no fields."""
    if not request.is_json:
        return dict(request.form.items())
    parsed = request.get_json(silent=True)
    return parsed if isinstance(parsed, dict) else {}


def validated(fields: dict[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """The vendor's four fields, and the faults found, each by the name of its field."""
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for name, (holds, rule) in _RULES.items():
        value = fields.get(name)
        if value is None:
            faults[name] = "is required"
        elif not isinstance(value, str) or not holds(value):
            faults[name] = rule
        else:
            values[name] = value
    return values, faults
