"""Every page that a person may see, in Chromium: on a phone and a desktop, light and dark, with and without script."""

import pytest

from tests.browser import checks
from tests.browser.browsing import LOCALES, Visitor
from tests.browser.situations import BRIDGE, SANDBOX, Shown, Situation

PAGES = BRIDGE | SANDBOX


@pytest.mark.parametrize("shown", PAGES.values(), ids=PAGES)
def test_nothing_is_wrong_with_a_page(shown: Shown, situation: Situation, visitor: Visitor) -> None:
    url = shown.url(situation)

    visit = visitor.examine(url, shown.look, tap=shown.is_tapped)
    without = visitor.examine(url, shown.look.but(has_script=False, scheme="dark"), tap=shown.is_tapped)

    assert (visit.heading, without.heading) == (shown.heading, shown.heading)
    wrong = [*checks.accessible(visit), *checks.focusable(visit), *checks.reflows(visit)]
    wrong += checks.shown(visit, shown.status)
    wrong += [f"without script: {it}" for it in (*checks.reflows(without), *checks.shown(without, shown.status))]
    if "<script" in visit.page.content():
        plain = visitor.examine(url, shown.look, plain=True, tap=shown.is_tapped)
        wrong += [f"without script: {it}" for it in (*checks.accessible(plain), *checks.focusable(plain))]
    assert wrong == []


@pytest.mark.parametrize("language", [name for name in LOCALES if name != "en"])
@pytest.mark.parametrize("shown", BRIDGE.values(), ids=BRIDGE)
def test_nothing_is_wrong_in_other_languages(
    shown: Shown, language: str, situation: Situation, visitor: Visitor
) -> None:
    visit = visitor.examine(shown.url(situation), shown.look.but(language=language), tap=shown.is_tapped)

    assert visit.heading != shown.heading
    assert [*checks.accessible(visit, ["light"]), *checks.reflows(visit), *checks.shown(visit, shown.status)] == []
