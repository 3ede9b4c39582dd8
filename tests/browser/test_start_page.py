"""Flows that begin on a start page: taps, expired links, a desktop that follows a phone, and vendor outages."""

import pytest

from tests.browser.page_cases import LONG_AGO, ON_OPEN, Scenario
from tests.browser.tabs import DESKTOP, IN_APP, PHONE, Device, Tabs, script_id

PHONES, DESKTOPS = ([device, device.with_changes(has_script=False, scheme="dark")] for device in (PHONE, DESKTOP))
START, RETURNED = "Verify your identity", "Back at the frontend: verified"


@pytest.mark.parametrize("device", PHONES, ids=script_id)
@pytest.mark.parametrize("has_redirect_url", [True, False], ids=["redirect_url", "no redirect_url"])
def test_person_with_a_phone_taps_the_button_and_passes(
    has_redirect_url: bool, device: Device, scenario: Scenario, tabs: Tabs
) -> None:
    frontend = {"redirect_url": f"{scenario.sandbox.frontend.url}/done"} if has_redirect_url else {}
    created = scenario.create(**ON_OPEN, **frontend)
    tab = tabs.open(created["start_url"], device)

    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.see("Your document")
    tab.click("All passes")

    tab.see(RETURNED if has_redirect_url else "You are verified")
    assert not has_redirect_url or created["id"] in tab.page.url
    assert tab.errors == []


@pytest.mark.parametrize("device", DESKTOPS, ids=script_id)
def test_desktop_follows_the_phone_that_scanned_its_code(device: Device, scenario: Scenario, tabs: Tabs) -> None:
    scenario.poll_every_second()
    created = scenario.create(**ON_OPEN, redirect_url=f"{scenario.sandbox.frontend.url}/done")
    # Chromium takes no screenshot of a page while it reloads, so read the code where it does not reload.
    scanned = tabs.read_qr_code(tabs.examine(created["start_url"], device))
    assert scanned == created["start_url"]
    tabs.close()

    desktop = tabs.open(created["start_url"], device)
    phone = tabs.open(scanned, PHONE)
    phone.click("Start")
    phone.see("Your document")
    phone.click("All passes")
    phone.see(RETURNED)

    # The page without script reloads after half a minute.
    desktop.see(RETURNED)
    assert desktop.page.url.split("?") == phone.page.url.split("?")
    assert (desktop.errors, phone.errors) == ([], [])


def test_idle_desktop_polls_less_often_after_five_minutes(scenario: Scenario, tabs: Tabs) -> None:
    created = scenario.create(**ON_OPEN)
    tab = tabs.open("about:blank", DESKTOP)
    page = tab.page
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "/status/" in request.url else None)
    page.clock.install()
    with page.expect_response("**/status/**"):
        page.goto(created["start_url"])

    with page.expect_response("**/status/**"):
        page.clock.run_for(11_000)
    with page.expect_response("**/status/**"):
        page.clock.fast_forward(300_000)
    before = len(polls)
    page.clock.run_for(15_000)
    assert len(polls) == before
    with page.expect_response("**/status/**"):
        page.clock.run_for(16_000)

    assert tab.errors == []


def test_desktop_polls_again_if_a_poll_gets_no_response(scenario: Scenario, tabs: Tabs) -> None:
    created = scenario.create(**ON_OPEN)
    page = tabs.open("about:blank", DESKTOP).page
    page.clock.install()
    # No poll gets a response.
    page.route("**/status/**", lambda _: None)

    with page.expect_request("**/status/**"):
        page.goto(created["start_url"])
    with page.expect_request("**/status/**"):
        page.clock.run_for(31_000)


@pytest.mark.parametrize("device", PHONES, ids=script_id)
def test_person_taps_again_after_an_expired_link_and_passes(device: Device, scenario: Scenario, tabs: Tabs) -> None:
    tab = tabs.open(scenario.create(**ON_OPEN)["start_url"], device)
    tab.click("Start")
    tab.click("The link is over after the document")

    tab.see(START)
    assert "You can start 2 more times." in tab.page.locator("main").inner_text()
    tab.click("Start")
    tab.click("All passes")

    tab.see("You are verified")
    assert tab.errors == []


@pytest.mark.parametrize("device", PHONES, ids=script_id)
def test_person_taps_again_after_a_vendor_outage(device: Device, scenario: Scenario, tabs: Tabs) -> None:
    tab = tabs.open(scenario.create(**ON_OPEN)["start_url"], device)
    scenario.sandbox.vendor.fault("503", on="create", times=None)
    tab.click("Start")
    tab.see("Not available right now")

    scenario.sandbox.vendor.clear_faults()
    tab.page.get_by_role("link", name="Try again").click()
    tab.see(START)
    tab.click("Start")

    tab.see("Your document")


def test_countdown_runs_and_the_page_reloads_at_its_end(scenario: Scenario, tabs: Tabs) -> None:
    created = scenario.create(**ON_OPEN, valid_for=600)
    tab = tabs.open("about:blank", PHONE)
    # The test controls the page's clock.
    tab.page.clock.install(time=0)
    tab.page.clock.pause_at(60)
    tab.page.goto(created["start_url"])
    left = tab.page.locator("time")
    seconds = int(left.get_attribute("data-left") or 0)
    assert left.inner_text() == f"{seconds // 60} minutes"

    tab.page.clock.run_for((seconds - 61) * 1000)
    assert left.inner_text() == "1 minute"
    tab.page.clock.run_for(3_000)
    assert left.inner_text() == "58 seconds"
    scenario.store(created["id"], valid_until=LONG_AGO)
    tab.page.clock.run_for(60_000)

    tab.see("One moment")
    assert tab.errors == []


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_link_can_be_copied_from_an_in_app_browser(has_script: bool, scenario: Scenario, tabs: Tabs) -> None:
    start_url = scenario.create(**ON_OPEN)["start_url"]
    tab = tabs.open(start_url, IN_APP.with_changes(has_script=has_script))
    page, copy = tab.page, tab.page.get_by_role("button", name="Copy the link")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    assert page.get_by_role("heading", name="Open this page in your browser").is_visible()

    if has_script:
        copy.click()
        page.get_by_role("button", name="Copied").wait_for()
    else:
        assert not copy.is_visible()
        page.get_by_label("Link to this page").focus()
        page.keyboard.press("Control+A")
        page.keyboard.press("Control+C")

    blank = page.context.new_page()
    blank.goto(f"{scenario.sandbox.frontend.url}/elsewhere")
    blank.bring_to_front()
    assert blank.evaluate("navigator.clipboard.readText()") == start_url
