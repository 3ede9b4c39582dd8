"""The sandbox's demo frontend, from its form to the vendor's page and back, and what it rejects."""

import pytest

from tests.browser import checks
from tests.browser.page_cases import Scenario
from tests.browser.tabs import DESKTOP, PHONE, Device, Tab, Tabs

FORM, VERIFIED, OTHER_PERSON = "Verify your identity", "You are verified", "Not your verification"
UNFINISHED = "Not finished yet"
DEVICES = pytest.mark.parametrize("device", [PHONE, DESKTOP.with_changes(scheme="dark")], ids=["phone", "desktop"])


def page_problems(tab: Tab) -> list[str]:
    return [*checks.accessibility(tab), *checks.focus(tab), *checks.reflow(tab)]


@pytest.fixture
def demo(scenario: Scenario) -> str:
    return f"{scenario.sandbox.frontend.url}/"


@DEVICES
@pytest.mark.parametrize("link", ["now", "on_open"])
def test_a_person_fills_in_the_form_passes_and_reads_the_result(
    link: str, device: Device, demo: str, tabs: Tabs
) -> None:
    tab = tabs.open(demo, device)
    tab.page.get_by_label("Link", exact=True).select_option(link)
    tab.click("Continue")
    if link == "on_open":
        tab.page.locator("main form button").click()
    tab.see("Your document")
    tab.click("All passes")

    tab.see(VERIFIED)
    # The page has removed the query, so a reload shows the same.
    assert tab.page.url == demo
    tab.page.get_by_text("ID_CARD, MYS").wait_for()
    assert (tab.errors, page_problems(tab)) == ([], [])
    tab.click("Start again")
    tab.see(FORM)


@DEVICES
def test_a_person_whose_link_ended_continues_on_the_start_page(device: Device, demo: str, tabs: Tabs) -> None:
    tab = tabs.open(demo, device)
    tab.page.get_by_label("Link", exact=True).select_option("on_open")
    tab.click("Continue")
    tab.page.locator("main form button").click()
    tab.see("Your document")
    tab.page.goto(f"{tab.page.url}&outcome=ocr_passed+expired")

    tab.see(UNFINISHED)
    assert (tab.page.url, page_problems(tab)) == (demo, [])
    tab.click("Continue")
    tab.page.locator("main form button").click()
    tab.see("Your document")
    tab.click("All passes")
    tab.see(VERIFIED)
    assert tab.page.get_by_role("button", name="Continue").count() == 0


def test_phone_that_scanned_the_qr_code_says_where_the_result_is(demo: str, scenario: Scenario, tabs: Tabs) -> None:
    scenario.poll_every_second()
    desktop = tabs.open(demo, DESKTOP)
    desktop.page.get_by_label("Link", exact=True).select_option("on_open")
    desktop.click("Continue")
    desktop.page.get_by_role("img", name="QR code").wait_for()
    phone = tabs.open(tabs.read_qr_code(desktop), PHONE)
    phone.click("Start")
    phone.click("All passes")

    phone.see(OTHER_PERSON)
    assert "If you began on another device, your result is there." in phone.page.locator("main").inner_text()
    desktop.see(VERIFIED)


def test_verification_of_another_person_in_the_query_is_rejected(demo: str, scenario: Scenario, tabs: Tabs) -> None:
    theirs = scenario.create()
    scenario.finish(theirs, theirs["token"], "verified")

    tab = tabs.open(f"{demo}?verification_id={theirs['id']}&status=verified", PHONE)

    tab.see(OTHER_PERSON)
    assert theirs["id"] not in tab.page.content()
    assert (tab.page.url, page_problems(tab)) == (demo, [])


@DEVICES
def test_error_of_a_field_is_shown_below_the_field(device: Device, demo: str, tabs: Tabs) -> None:
    tab = tabs.open(demo, device)
    country = tab.page.get_by_label("Country of the document")
    country.fill("XXX")
    tab.click("Continue")
    error = tab.page.locator("#id_country + .field-error")
    error.wait_for()

    assert country.evaluate("field => field == document.activeElement && field.ariaInvalid") == "true"
    assert country.get_attribute("aria-describedby") == f"{error.get_attribute('id')} country-hint"
    assert "invalid_request" in tab.page.get_by_role("alert").inner_text()
    assert [*checks.accessibility(tab), *checks.reflow(tab)] == []
    country.fill("SGP")
    tab.click("Continue")
    tab.see("Your document")
