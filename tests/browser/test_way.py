"""The whole way of a person in a browser: the link, the vendor's page, and the page at the end."""

import pytest

from tests.browser.browsing import DESKTOP, PHONE, Look, Visitor
from tests.browser.situations import Situation

WAYS = [PHONE, DESKTOP.but(has_script=False, scheme="dark")]


def named(look: Look) -> str:
    return "with script" if look.has_script else "without script"


@pytest.mark.parametrize("look", WAYS, ids=named)
@pytest.mark.parametrize(
    ("choice", "heading", "advice"),
    [
        ("All passes", "You are verified", "You can close this page."),
        ("The document is a photocopy", "Not verified", "You can try again"),
    ],
)
def test_a_person_without_redirect_url_ends_on_a_page_that_says_the_result(
    choice: str, heading: str, advice: str, look: Look, situation: Situation, visitor: Visitor
) -> None:
    visit = visitor.open(situation.create()["url"], look)

    visit.click(choice)

    visit.see(heading)
    assert advice in visit.page.locator("main").inner_text()
    assert visit.errors == []


def test_a_person_who_does_each_step_with_the_keyboard_comes_to_the_frontend(
    situation: Situation, visitor: Visitor
) -> None:
    created = situation.create(redirect_url=f"{situation.sandbox.frontend.url}/done")
    visit = visitor.open(created["url"], DESKTOP)

    for step in ("Your document", "Your face"):
        visit.see(step)
        visit.page.keyboard.press("Tab")
        # The first choice is a success.
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Enter")

    visit.see("Back at the frontend: verified")
    assert created["id"] in visit.page.url


@pytest.mark.parametrize("look", WAYS, ids=named)
def test_the_page_at_the_end_reloads_itself_until_there_is_a_result(
    look: Look, situation: Situation, visitor: Visitor
) -> None:
    created = situation.create()
    situation.sandbox.vendor.fault("500", on="get", times=None)
    visit = visitor.open(created["url"], look)
    visit.click("All passes")
    visit.see("Please wait")

    situation.sandbox.vendor.clear_faults()
    situation.check_now(created["id"])

    visit.see("You are verified")
    assert visit.errors == []
