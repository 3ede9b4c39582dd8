"""Every page that a person may see, in Chromium: on a phone and a desktop, light and dark, with and without script."""

import pytest

from tests.browser import checks
from tests.browser.browsing import BRAND_ORIGIN, LOCALES, Visitor
from tests.browser.situations import BRIDGE, SANDBOX, Shown, Situation

PAGES = BRIDGE | SANDBOX
_LOGO = f"{BRAND_ORIGIN}/logo.svg"
# Adds a picture from another site, as an attacker might.
_ADD_PICTURE = """() => new Promise(done => document.body.append(Object.assign(
  new Image(), {src: "https://other.example/logo.svg", alt: "", onload: done, onerror: done})))"""


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


@pytest.mark.parametrize("colour", ["#ffe48a", "#101a40"], ids=["pale", "dark"])
@pytest.mark.parametrize("name", ["start", "start on a desktop", "verified", "start without the vendor"])
def test_nothing_is_wrong_with_a_page_of_a_brand(
    name: str, colour: str, situation: Situation, visitor: Visitor
) -> None:
    shown, texts = PAGES[name], {"BRAND_NAME": "Kedai & Co", "SUPPORT_URL": "https://brand.example/help?from=<ekyc>"}
    for variable, value in (texts | {"BRAND_LOGO_URL": _LOGO, "BRAND_COLOUR": colour}).items():
        situation.monkeypatch.setenv(variable, value)

    visit = visitor.examine(shown.url(situation), shown.look, tap=shown.is_tapped)

    page = visit.page
    assert page.get_by_role("banner").inner_text().strip() == texts["BRAND_NAME"]
    assert page.get_by_role("link", name="Help").get_attribute("href") == texts["SUPPORT_URL"]
    assert page.locator("header img").evaluate("logo => logo.naturalWidth > 0 && logo.src") == _LOGO
    wrong = [*checks.accessible(visit), *checks.focusable(visit), *checks.reflows(visit)]
    assert [*wrong, *checks.shown(visit, shown.status, logo_origin=BRAND_ORIGIN)] == []
    visit.forget()
    page.evaluate(_ADD_PICTURE)
    assert ["img-src" in error for error in visit.errors] == [True]
