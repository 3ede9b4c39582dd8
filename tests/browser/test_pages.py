"""Every page that a person may see, on a phone and a desktop, light and dark, with and without script."""

import pytest

from tests.browser import checks
from tests.browser.page_cases import BRIDGE_PAGES, SANDBOX_PAGES, PageCase, Scenario
from tests.browser.tabs import BRAND_ORIGIN, LOCALES, Tabs

PAGES = BRIDGE_PAGES | SANDBOX_PAGES
_LOGO = f"{BRAND_ORIGIN}/logo.svg"
# Adds a picture from another site, which the page's policy has to block.
_ADD_PICTURE = """() => new Promise(done => document.body.append(Object.assign(
  new Image(), {src: "https://other.example/logo.svg", alt: "", onload: done, onerror: done})))"""


@pytest.mark.parametrize("case", PAGES.values(), ids=PAGES)
def test_page_has_no_problems(case: PageCase, scenario: Scenario, tabs: Tabs) -> None:
    url = case.url(scenario)

    tab = tabs.examine(url, case.device, tap=case.is_tapped)
    without = tabs.examine(url, case.device.with_changes(has_script=False, scheme="dark"), tap=case.is_tapped)

    assert (tab.heading, without.heading) == (case.heading, case.heading)
    problems = [*checks.accessibility(tab), *checks.focus(tab), *checks.reflow(tab)]
    problems += checks.loading(tab, case.status)
    problems += [f"without script: {it}" for it in (*checks.reflow(without), *checks.loading(without, case.status))]
    if "<script" in tab.page.content():
        plain = tabs.examine(url, case.device, plain=True, tap=case.is_tapped)
        problems += [f"without script: {it}" for it in (*checks.accessibility(plain), *checks.focus(plain))]
    assert problems == []


@pytest.mark.parametrize("language", [name for name in LOCALES if name != "en"])
@pytest.mark.parametrize("case", BRIDGE_PAGES.values(), ids=BRIDGE_PAGES)
def test_page_in_another_language_has_no_problems(
    case: PageCase, language: str, scenario: Scenario, tabs: Tabs
) -> None:
    tab = tabs.examine(case.url(scenario), case.device.with_changes(language=language), tap=case.is_tapped)

    assert tab.heading != case.heading
    assert [*checks.accessibility(tab, ["light"]), *checks.reflow(tab), *checks.loading(tab, case.status)] == []


@pytest.mark.parametrize("colour", ["#ffe48a", "#101a40"], ids=["pale", "dark"])
@pytest.mark.parametrize("name", ["start", "start on a desktop", "verified", "start without the vendor"])
def test_page_with_a_brand_has_no_problems(name: str, colour: str, scenario: Scenario, tabs: Tabs) -> None:
    case, texts = PAGES[name], {"BRAND_NAME": "Kedai & Co", "SUPPORT_URL": "https://brand.example/help?from=<ekyc>"}
    for variable, value in (texts | {"BRAND_LOGO_URL": _LOGO, "BRAND_COLOUR": colour}).items():
        scenario.monkeypatch.setenv(variable, value)

    tab = tabs.examine(case.url(scenario), case.device, tap=case.is_tapped)

    page = tab.page
    assert page.get_by_role("banner").inner_text().strip() == texts["BRAND_NAME"]
    assert page.get_by_role("link", name="Help").get_attribute("href") == texts["SUPPORT_URL"]
    assert page.locator("header img").evaluate("logo => logo.naturalWidth > 0 && logo.src") == _LOGO
    problems = [*checks.accessibility(tab), *checks.focus(tab), *checks.reflow(tab)]
    assert [*problems, *checks.loading(tab, case.status, logo_origin=BRAND_ORIGIN)] == []
    tab.clear()
    page.evaluate(_ADD_PICTURE)
    assert ["img-src" in error for error in tab.errors] == [True]
