"""The pages' texts are complete in each language. The caller's choice of language precedes the browser's."""

from typing import Any

import pytest

from bridge.domain.reasons import BY_CODE
from bridge.domain.verification import Status
from bridge.web.create_body import ID_TYPES
from bridge.web.page_texts import NAMES, Language, choose_language, language_name, load_language
from bridge.web.problems import STATUSES

ENGLISH = load_language("en")


def all_texts(value: Any) -> set[str]:
    """Returns all texts of a language, at any depth."""
    if isinstance(value, str):
        return {value}
    each = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return {text for part in each for text in all_texts(part)}


@pytest.mark.parametrize("localized", [load_language(name) for name in NAMES], ids=NAMES)
def test_each_language_has_all_texts_and_none_of_the_english_ones(localized: Language) -> None:
    assert localized.outcomes.keys() == set(Status)
    assert localized.errors.keys() == ENGLISH.errors.keys() <= {code for _, code in STATUSES.values()}
    assert localized.start.documents.keys() == set(ID_TYPES)
    assert [size for size, _, _ in localized.start.units] == [86400, 3600, 60, 1]
    assert "{time}" in localized.start.valid
    assert all("{n}" in text for text in (localized.start.starts_left, *[many for _, _, many in localized.start.units]))
    reasons = {code: localized.reason(code) for code in BY_CODE}
    assert len(set(reasons.values())) == len(BY_CODE)
    assert localized.reason("a_code_of_a_newer_version") == localized.other_reason
    assert "" not in all_texts(localized)
    if localized is not ENGLISH:
        assert localized.reasons.keys() == BY_CODE.keys()
        assert not all_texts(localized) & (all_texts(ENGLISH) | {ENGLISH.reason(code) for code in BY_CODE})


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
        # The first of two with the same weight.
        ("zh,ms", "zh-Hans"),
        ("ms;q=0", "en"),
        ("ms;q=0, zh;q=0.1", "zh-Hans"),
        ("*", "en"),
        ("ms;q=x, <script>, ;;;,", "en"),
        ("," * 10_000 + "ms", "en"),
    ],
)
def test_the_page_language_is_the_one_that_the_browser_prefers(header: str | None, tag: str) -> None:
    assert choose_language(None, header).tag == tag
    # The caller's choice comes first. A language of a newer version falls back to English.
    assert choose_language("zh", header).tag == "zh-Hans"
    assert choose_language("th", header).tag == "en"


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "en"), ("EN-us", "en"), ("ms-MY", "ms"), ("zh-Hans-MY", "zh"), ("ZH", "zh"), ("de", "en"), ("-", "en")],
)
def test_a_language_tag_resolves_to_an_available_language(tag: str, name: str) -> None:
    assert language_name(tag) == name
