"""The HTML that a person sees: forms without JavaScript, in which the person chooses what a camera would see."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from tests.sandbox import html

from .checks import FACE_RETRIES, OCR_RETRIES, PASS, is_ocr_only
from .codes import FACE_CODES, FACE_GROUPS, NEGATIVE_OCR_WARNINGS, OCR_WARNINGS, VENDOR_ERROR_CODES
from .records import Record

_BANNER: Final = "eKYC fake vendor: no document and no face is checked here."

_STEP: Final = """{notice}
<form method="post" action="verifications">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="step" value="{step}">
<p><label for="choice">{question}</label><br>
<select id="choice" name="choice">
{options}
</select></p>
<p><button>Continue</button></p>
</form>
{return_form}
<h2>All at once</h2>
<form class="all-at-once" action="verifications">
<input type="hidden" name="token" value="{token}">
{endings}
</form>"""

_RETURN_FORM: Final = """<form method="post" action="verifications">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="step" value="leave">
<p><button>Go back to where I came from</button></p>
</form>"""

# The choices of each step in groups: each value, and its text for the person.
_VENDOR_ERRORS: Final = {"The vendor itself fails": dict.fromkeys(VENDOR_ERROR_CODES, "")}
CHOICES: Final[dict[str, dict[str, dict[str, str]]]] = {
    "ocr": {
        "Success": {PASS: "The document reads well"},
        "The document is not accepted": dict(OCR_WARNINGS),
        "The same errors with negative codes": dict(zip(NEGATIVE_OCR_WARNINGS, OCR_WARNINGS.values(), strict=True)),
        **_VENDOR_ERRORS,
    },
    "face": {"Success": {PASS: "The face matches"}, **FACE_GROUPS, **_VENDOR_ERRORS},
}
# The outcomes that the page offers as buttons, by the status that the bridge derives. A link's `outcome` may be any in
# outcomes.py.
ENDINGS: Final = {
    "verified": {"verified": "All passes"},
    "rejected": {
        "9102": "The document is a photocopy",
        "FailedOperation.CompareFail": "The face is another person's",
    },
    "failed": {"FailedOperation.CompareSystemError+expired": "The vendor itself fails until the link is over"},
    "expired": {
        "expired": "The link is over before the document",
        "ocr_passed+expired": "The link is over after the document",
    },
    "processing": {"ocr_passed": "The person leaves after the document"},
}

_TITLES: Final = {"ocr": "Your document", "face": "Your face"}
_QUESTIONS: Final = {"ocr": "What does the reader see?", "face": "What does the camera see?"}


def is_choice(step: str, choice: str) -> bool:
    """Returns whether the form of `step` offers `choice`."""
    return any(choice in group for group in CHOICES[step].values())


def step_page(record: Record, step: str) -> str:
    """Returns the page with the form of the step "ocr" or "face"."""
    content = _STEP.format(
        notice=_notice(record, step),
        token=escape(record["token"]),
        step=step,
        question=_QUESTIONS[step],
        options=_options(CHOICES[step]),
        return_form=_return_form(record),
        endings=_endings(record),
    )
    return html.page(_TITLES[step], content, banner=_BANNER)


def closed_page(record: Record, title: str) -> str:
    """Returns the page of a link that is finished or expired, with a button that leads back."""
    return html.page(title, _return_form(record), banner=_BANNER)


def error_page(title: str, names: Iterable[str] = ()) -> str:
    """Returns the page for a bad link or form. `names` are the valid names."""
    title = title[:1].upper() + title[1:]
    listed = ", ".join(f"<code>{escape(name)}</code>" for name in names)
    return html.page(title, f"<p>There are: {listed}</p>" if listed else "", banner=_BANNER, is_error=True)


def _return_form(record: Record) -> str:
    return _RETURN_FORM.format(token=escape(record["token"]))


def _notice(record: Record, step: str) -> str:
    if record["latest_error"] is None:
        return ""
    left = OCR_RETRIES - record["retries"] if step == "ocr" else FACE_RETRIES - record["face_retries"]
    code = escape(str(record["latest_error"]))
    return f'<p class="error" role="alert">That did not work ({code}). Retries left: {left}.</p>'


def _options(groups: Mapping[str, Mapping[str, str]]) -> str:
    return "\n".join(
        f'<optgroup label="{escape(title)}">\n'
        + "\n".join(
            f'<option value="{escape(value)}">{escape(_label(value, text))}</option>' for value, text in choices.items()
        )
        + "\n</optgroup>"
        for title, choices in groups.items()
    )


def _label(value: str, text: str) -> str:
    return text if value == PASS else f"{text} ({value})" if text else value


def _endings(record: Record) -> str:
    excluded = {"ocr_passed", *FACE_CODES} if is_ocr_only(record) else set()
    groups = []
    for status, endings in ENDINGS.items():
        buttons = "\n".join(
            f'<button name="outcome" value="{escape(outcome)}">{escape(text)}</button>'
            for outcome, text in endings.items()
            if excluded.isdisjoint(outcome.split("+"))
        )
        if buttons:
            groups.append(f"<fieldset><legend>The bridge says: {escape(status)}</legend>\n{buttons}\n</fieldset>")
    return "\n".join(groups)
