"""The sandbox's demo frontend, from its form to the vendor's page and back, and what it refuses."""

import pytest

from tests.browser import checks
from tests.browser.browsing import DESKTOP, PHONE, Look, Visit, Visitor
from tests.browser.situations import Situation

FORM, VERIFIED, FOREIGN = "Verify your identity", "You are verified", "Not your verification"
UNFINISHED = "Not finished yet"
DEVICES = pytest.mark.parametrize("look", [PHONE, DESKTOP.but(scheme="dark")], ids=["phone", "desktop"])


def wrong(visit: Visit) -> list[str]:
    return [*checks.accessible(visit), *checks.focusable(visit), *checks.reflows(visit)]


@pytest.fixture
def demo(situation: Situation) -> str:
    return f"{situation.sandbox.frontend.url}/"


@DEVICES
@pytest.mark.parametrize("link", ["now", "on_open"])
def test_a_person_fills_in_the_form_passes_and_reads_the_result(
    link: str, look: Look, demo: str, visitor: Visitor
) -> None:
    visit = visitor.open(demo, look)
    visit.page.get_by_label("Link", exact=True).select_option(link)
    visit.click("Continue")
    if link == "on_open":
        visit.page.locator("main form button").click()
    visit.see("Your document")
    visit.click("All passes")

    visit.see(VERIFIED)
    # The query is gone, and a reload shows the same.
    assert visit.page.url == demo
    visit.page.get_by_text("ID_CARD, MYS").wait_for()
    assert (visit.errors, wrong(visit)) == ([], [])
    visit.click("Start again")
    visit.see(FORM)


@DEVICES
def test_a_person_whose_link_ended_unfinished_continues_on_the_start_page(
    look: Look, demo: str, visitor: Visitor
) -> None:
    visit = visitor.open(demo, look)
    visit.page.get_by_label("Link", exact=True).select_option("on_open")
    visit.click("Continue")
    visit.page.locator("main form button").click()
    visit.see("Your document")
    visit.page.goto(f"{visit.page.url}&outcome=ocr_passed+expired")

    visit.see(UNFINISHED)
    assert (visit.page.url, wrong(visit)) == (demo, [])
    visit.click("Continue")
    visit.page.locator("main form button").click()
    visit.see("Your document")
    visit.click("All passes")
    visit.see(VERIFIED)
    assert visit.page.get_by_role("button", name="Continue").count() == 0


def test_a_phone_that_scanned_the_code_says_where_the_result_is(
    demo: str, situation: Situation, visitor: Visitor
) -> None:
    situation.poll_every_second()
    desktop = visitor.open(demo, DESKTOP)
    desktop.page.get_by_label("Link", exact=True).select_option("on_open")
    desktop.click("Continue")
    desktop.page.get_by_role("img", name="QR code").wait_for()
    phone = visitor.open(visitor.scan(desktop), PHONE)
    phone.click("Start")
    phone.click("All passes")

    phone.see(FOREIGN)
    assert "If you began on another device, your result is there." in phone.page.locator("main").inner_text()
    desktop.see(VERIFIED)


def test_a_verification_of_somebody_else_in_the_query_is_refused(
    demo: str, situation: Situation, visitor: Visitor
) -> None:
    theirs = situation.create()
    situation.end(theirs, theirs["token"], "verified")

    visit = visitor.open(f"{demo}?verification_id={theirs['id']}&status=verified", PHONE)

    visit.see(FOREIGN)
    assert theirs["id"] not in visit.page.content()
    assert (visit.page.url, wrong(visit)) == (demo, [])


@DEVICES
def test_a_refused_request_says_at_the_field_what_is_wrong(look: Look, demo: str, visitor: Visitor) -> None:
    visit = visitor.open(demo, look)
    country = visit.page.get_by_label("Country of the document")
    country.fill("XXX")
    visit.click("Continue")
    fault = visit.page.locator("#id_country + .fault")
    fault.wait_for()

    assert country.evaluate("field => field == document.activeElement && field.ariaInvalid") == "true"
    assert country.get_attribute("aria-describedby") == f"{fault.get_attribute('id')} country-hint"
    assert "invalid_request" in visit.page.get_by_role("alert").inner_text()
    assert [*checks.accessible(visit), *checks.reflows(visit)] == []
    country.fill("SGP")
    visit.click("Continue")
    visit.see("Your document")
