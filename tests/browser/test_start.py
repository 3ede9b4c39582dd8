"""The way that begins on a start page: taps, links that end, a desktop that follows a phone, and no vendor."""

import pytest

from tests.browser.browsing import DESKTOP, IN_APP, PHONE, Look, Visitor
from tests.browser.situations import LONG_AGO, ON_OPEN, Situation
from tests.browser.test_way import named

PHONES, DESKTOPS = ([look, look.but(has_script=False, scheme="dark")] for look in (PHONE, DESKTOP))
READY, BACK = "Verify your identity", "Back at the frontend: verified"


@pytest.mark.parametrize("look", PHONES, ids=named)
@pytest.mark.parametrize("is_redirected", [True, False], ids=["redirect_url", "no redirect_url"])
def test_a_person_with_a_phone_taps_the_button_and_passes(
    is_redirected: bool, look: Look, situation: Situation, visitor: Visitor
) -> None:
    frontend = {"redirect_url": f"{situation.sandbox.frontend.url}/done"} if is_redirected else {}
    created = situation.create(**ON_OPEN, **frontend)
    visit = visitor.open(created["start_url"], look)

    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    visit.see("Your document")
    visit.click("All passes")

    visit.see(BACK if is_redirected else "You are verified")
    assert not is_redirected or created["id"] in visit.page.url
    assert visit.errors == []


@pytest.mark.parametrize("look", DESKTOPS, ids=named)
def test_a_desktop_follows_the_phone_that_scanned_its_code(look: Look, situation: Situation, visitor: Visitor) -> None:
    situation.poll_every_second()
    created = situation.create(**ON_OPEN, redirect_url=f"{situation.sandbox.frontend.url}/done")
    # Of a page that does not load itself again: while it does, Chromium takes no picture of it.
    scanned = visitor.scan(visitor.examine(created["start_url"], look))
    assert scanned == created["start_url"]
    visitor.leave()

    desktop = visitor.open(created["start_url"], look)
    phone = visitor.open(scanned, PHONE)
    phone.click("Start")
    phone.see("Your document")
    phone.click("All passes")
    phone.see(BACK)

    # The page without script loads itself again half a minute after it was loaded.
    desktop.see(BACK)
    assert desktop.page.url.split("?") == phone.page.url.split("?")
    assert (desktop.errors, phone.errors) == ([], [])


def test_a_desktop_that_nothing_happens_on_polls_less_often_after_five_minutes(
    situation: Situation, visitor: Visitor
) -> None:
    created = situation.create(**ON_OPEN)
    visit = visitor.open("about:blank", DESKTOP)
    page = visit.page
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

    assert visit.errors == []


def test_a_desktop_without_a_response_to_its_poll_polls_again(situation: Situation, visitor: Visitor) -> None:
    created = situation.create(**ON_OPEN)
    page = visitor.open("about:blank", DESKTOP).page
    page.clock.install()
    # Each stays without a response.
    page.route("**/status/**", lambda _: None)

    with page.expect_request("**/status/**"):
        page.goto(created["start_url"])
    with page.expect_request("**/status/**"):
        page.clock.run_for(31_000)


@pytest.mark.parametrize("look", PHONES, ids=named)
def test_after_a_link_that_ended_unfinished_the_person_taps_again_and_passes(
    look: Look, situation: Situation, visitor: Visitor
) -> None:
    visit = visitor.open(situation.create(**ON_OPEN)["start_url"], look)
    visit.click("Start")
    visit.click("The link is over after the document")

    visit.see(READY)
    assert "You can start 2 more times." in visit.page.locator("main").inner_text()
    visit.click("Start")
    visit.click("All passes")

    visit.see("You are verified")
    assert visit.errors == []


@pytest.mark.parametrize("look", PHONES, ids=named)
def test_a_tap_while_the_vendor_is_down_can_be_tried_again(look: Look, situation: Situation, visitor: Visitor) -> None:
    visit = visitor.open(situation.create(**ON_OPEN)["start_url"], look)
    situation.sandbox.vendor.fault("503", on="create", times=None)
    visit.click("Start")
    visit.see("Not available right now")

    situation.sandbox.vendor.clear_faults()
    visit.page.get_by_role("link", name="Try again").click()
    visit.see(READY)
    visit.click("Start")

    visit.see("Your document")


def test_the_time_that_is_left_ticks_and_at_its_end_the_page_loads_itself_again(
    situation: Situation, visitor: Visitor
) -> None:
    created = situation.create(**ON_OPEN, valid_for=600)
    visit = visitor.open("about:blank", PHONE)
    # No time passes on the page but what the test lets pass.
    visit.page.clock.install(time=0)
    visit.page.clock.pause_at(60)
    visit.page.goto(created["start_url"])
    left = visit.page.locator("time")
    seconds = int(left.get_attribute("data-left") or 0)
    assert left.inner_text() == f"{seconds // 60} minutes"

    visit.page.clock.run_for((seconds - 61) * 1000)
    assert left.inner_text() == "1 minute"
    visit.page.clock.run_for(3_000)
    assert left.inner_text() == "58 seconds"
    situation.store(created["id"], valid_until=LONG_AGO)
    visit.page.clock.run_for(60_000)

    visit.see("One moment")
    assert visit.errors == []


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_in_an_app_the_link_can_be_copied_into_a_browser(
    has_script: bool, situation: Situation, visitor: Visitor
) -> None:
    start_url = situation.create(**ON_OPEN)["start_url"]
    visit = visitor.open(start_url, IN_APP.but(has_script=has_script))
    page, copy = visit.page, visit.page.get_by_role("button", name="Copy the link")
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
    blank.goto(f"{situation.sandbox.frontend.url}/elsewhere")
    blank.bring_to_front()
    assert blank.evaluate("navigator.clipboard.readText()") == start_url
