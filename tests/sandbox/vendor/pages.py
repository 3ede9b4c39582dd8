"""The HTML that a person sees: forms without JavaScript, with a choice in place of what a camera would see."""

from html import escape
from typing import Final

from .checks import FACE_RETRIES, OCR_RETRIES, PASS
from .codes import FACE_CODES, MACHINERY_CODES, NEGATIVE_OCR_WARNINGS, OCR_WARNINGS
from .records import Record

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }}
button, select {{ font: inherit; padding: .4rem .8rem; max-width: 100% }}
</style>
</head>
<body>
<main>
<p>eKYC fake vendor: no document and no face is checked here.</p>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""

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
{way_back}"""

_WAY_BACK: Final = """<form method="post" action="verifications">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="step" value="leave">
<p><button>Go back to where I came from</button></p>
</form>"""

# The choices of each step: the value, and what the person reads.
_MACHINERY: Final = {code: f"the vendor's own fault: {code}" for code in MACHINERY_CODES}
CHOICES: Final[dict[str, dict[str, str]]] = {
    "ocr": {
        PASS: "The document reads well",
        **{code: f"{code}: {text}" for code, text in OCR_WARNINGS.items()},
        **{code: f"{code}, as the engine numbers it" for code in NEGATIVE_OCR_WARNINGS},
        **_MACHINERY,
    },
    "face": {PASS: "The face matches", **{code: code for code in FACE_CODES}, **_MACHINERY},
}

_TITLES: Final = {"ocr": "Your document", "face": "Your face"}
_QUESTIONS: Final = {"ocr": "What does the reader see?", "face": "What does the camera see?"}


def is_choice(step: str, choice: str) -> bool:
    """Whether the form of `step` offers `choice`."""
    return choice in CHOICES[step]


def step_page(record: Record, step: str) -> str:
    """The form of the step "ocr" or "face"."""
    return _page(
        _TITLES[step],
        _STEP.format(
            notice=_notice(record, step),
            token=escape(record["token"]),
            step=step,
            question=_QUESTIONS[step],
            options=_options(CHOICES[step]),
            way_back=_way_back(record),
        ),
    )


def closed_page(record: Record, title: str) -> str:
    """A link on which nothing more can be done, with the way back."""
    return _page(title, _way_back(record))


def mistake_page(title: str) -> str:
    """A page for a link or a form that is not known."""
    return _page(title, "")


def _page(title: str, content: str) -> str:
    return _PAGE.format(title=escape(title), content=content)


def _way_back(record: Record) -> str:
    return _WAY_BACK.format(token=escape(record["token"]))


def _notice(record: Record, step: str) -> str:
    if record["latest_error"] is None:
        return ""
    left = OCR_RETRIES - record["retries"] if step == "ocr" else FACE_RETRIES - record["face_retries"]
    code = escape(str(record["latest_error"]))
    return f'<p role="alert">That did not work ({code}). Retries left: {left}.</p>'


def _options(choices: dict[str, str]) -> str:
    return "\n".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices.items())
