"""The pages' texts are complete in each language, and a browser gets the language that it asks for."""

import pytest

from bridge.domain.reasons import CODES
from bridge.domain.verification import Status
from bridge.web.page_texts import LANGUAGES, Language, language
from bridge.web.problems import STATUSES

ERRORS = set(LANGUAGES["en"].errors)


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_a_language_has_every_text_once_and_of_its_own(texts: Language) -> None:
    english = LANGUAGES["en"]
    assert texts.outcomes.keys() == set(Status)
    assert texts.errors.keys() == ERRORS <= {code for _, code in STATUSES.values()}
    reasons = {code: texts.reason(code) for code in CODES}
    assert len(set(reasons.values())) == len(CODES)
    assert texts.reason("a_code_of_a_newer_version") == texts.other_reason
    if texts is not english:
        assert texts.reasons.keys() == CODES
        said = {*texts.outcomes.values(), *texts.errors.values(), *reasons.values(), texts.try_again, texts.ask}
        in_english = {*english.outcomes.values(), *english.errors.values(), english.try_again, english.ask}
        assert not said & (in_english | {english.reason(code) for code in CODES})


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en"),
        ("", "en"),
        ("ms", "ms"),
        ("MS-my, en;q=0.9", "ms"),
        ("zh-Hant-TW,zh;q=0.8", "zh-Hans"),
        ("de, fr;q=0.9", "en"),
        ("de, zh;q=0.5, ms;q=0.7, en;q=0.3", "ms"),
        # The first of two that are wanted alike.
        ("zh,ms", "zh-Hans"),
        ("ms;q=0", "en"),
        ("ms;q=0, zh;q=0.1", "zh-Hans"),
        ("*", "en"),
        ("ms;q=x, <script>, ;;;,", "en"),
        ("," * 10_000 + "ms", "en"),
    ],
)
def test_the_language_that_the_browser_wants_most(header: str | None, tag: str) -> None:
    assert language(header).tag == tag
