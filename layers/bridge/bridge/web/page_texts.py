"""What the pages for a person say: its parts, and which language they are in. The texts are in `texts/`.

tests/unit/test_page_texts.py holds that none is missing. A language is imported when somebody wants it.
"""

from importlib import import_module
from typing import NamedTuple

from bridge.domain.reasons import reason
from bridge.domain.verification import Status

DEFAULT = "en"
NAMES = ("en", "ms", "zh")
# More languages than any browser sends.
_MAX_RANGES = 20


class Text(NamedTuple):
    """The heading and the paragraph of a page."""

    title: str
    text: str


class StartTexts(NamedTuple):
    """The start page. `ready`, `resume` and `wait` are its states, each but the last with a button.

    `{time}` in `valid`, and `{n}` in `starts_left` and `units`, stand for what is put there. `units` are seconds, the
    text for one, and that for several; the largest first.
    """

    ready: Text
    ready_button: str
    resume: Text
    resume_button: str
    wait: Text
    none_left: str
    last_start: str
    starts_left: str
    valid: str
    units: tuple[tuple[int, str, str], ...]
    needs: str
    documents: dict[str, str]
    light: str
    camera: str
    face: str
    scan: Text
    qr_code: str
    this_device: str
    in_app: Text
    link: str
    copy: str
    copied: str


class Language(NamedTuple):
    """`tag`: for the `lang` attribute. `outcomes` are the pages of statuses, `errors` those of error codes.

    `service` stands where no brand has a name. `reasons` is empty for the language in which domain/reasons.py has them.
    `try_again` and `ask` say what to do after a verification that did not succeed; `back` is the link from an error of
    the vendor to the start page.
    """

    tag: str
    service: str
    help: str
    outcomes: dict[Status, Text]
    errors: dict[str, Text]
    reasons: dict[str, str]
    other_reason: str
    try_again: str
    back: str
    ask: str
    start: StartTexts

    def reason(self, code: str) -> str:
        """The text of a reason; `other_reason` for a code that only a newer version has."""
        if self.reasons:
            return self.reasons.get(code, self.other_reason)
        return reason(code).message


def load_language(name: str) -> Language:
    """The language with this name, one of NAMES; English for one that only another version has."""
    language: Language = import_module(f"bridge.web.texts.{name if name in NAMES else DEFAULT}").TEXTS
    return language


def language_name(tag: str) -> str:
    """One of NAMES for a BCP 47 tag: that of its first part, or English."""
    name = tag.partition("-")[0].lower()
    return name if name in NAMES else DEFAULT


def choose_language(locale: str | None, accept_language: str | None) -> Language:
    """The language that the creator of a verification chose, else the one of NAMES that the browser wants most."""
    chosen, most = DEFAULT, 0.0
    for wanted in [] if locale else (accept_language or "").split(",")[:_MAX_RANGES]:
        tag, _, weight = wanted.partition(";")
        name = tag.strip().partition("-")[0].lower()
        # The first of several that are wanted alike.
        if name in NAMES and (quality := _quality(weight)) > most:
            chosen, most = name, quality
    return load_language(locale or chosen)


def _quality(weight: str) -> float:
    """Of `q=0.5`, as RFC 9110 has it: 1 if there is none, 0 if it is not a number."""
    name, _, number = weight.replace(" ", "").partition("=")
    try:
        return float(number) if name.lower() == "q" else 1.0
    except ValueError:
        return 0.0
