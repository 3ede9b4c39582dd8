"""The whole flow of a person in a browser: the link, the vendor's page, and the page at the end."""

import pytest

from tests.browser.page_cases import Scenario
from tests.browser.tabs import DESKTOP, PHONE, Device, Tabs, script_id

DEVICES = [PHONE, DESKTOP.with_changes(has_script=False, scheme="dark")]


@pytest.mark.parametrize("device", DEVICES, ids=script_id)
@pytest.mark.parametrize(
    ("choice", "heading", "advice"),
    [
        ("All passes", "You are verified", "You can close this page."),
        ("The document is a photocopy", "Not verified", "You can try again"),
    ],
)
def test_person_without_redirect_url_ends_on_a_page_with_the_result(
    choice: str, heading: str, advice: str, device: Device, scenario: Scenario, tabs: Tabs
) -> None:
    tab = tabs.open(scenario.create()["url"], device)

    tab.click(choice)

    tab.see(heading)
    assert advice in tab.page.locator("main").inner_text()
    assert tab.errors == []


def test_person_with_a_keyboard_reaches_the_frontend(scenario: Scenario, tabs: Tabs) -> None:
    created = scenario.create(redirect_url=f"{scenario.sandbox.frontend.url}/done")
    tab = tabs.open(created["url"], DESKTOP)

    for step in ("Your document", "Your face"):
        tab.see(step)
        tab.page.keyboard.press("Tab")
        # The first choice is success, so only the button is needed.
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.press("Enter")

    tab.see("Back at the frontend: verified")
    assert created["id"] in tab.page.url


@pytest.mark.parametrize("device", DEVICES, ids=script_id)
def test_last_page_reloads_until_there_is_a_result(device: Device, scenario: Scenario, tabs: Tabs) -> None:
    created = scenario.create()
    scenario.sandbox.vendor.fault("500", on="get", times=None)
    tab = tabs.open(created["url"], device)
    tab.click("All passes")
    tab.see("Please wait")

    scenario.sandbox.vendor.clear_faults()
    scenario.check_now(created["id"])

    tab.see("You are verified")
    assert tab.errors == []
