"""What is wrong with a page, in words; nothing with most."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.browser.browsing import DESKTOP, PHONE, SMALL_PHONE, TAGS, Look, Scheme, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Bytes of a page of the bridge, with its headers and all that it loads.
MAX_BYTES = 30_000
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe takes the canvas for white where no element has a background, in dark pages too: dequelabs/axe-core#3605.
_PAINT_CANVAS = """() => {
  if ([document.documentElement, document.body].every(
    element => getComputedStyle(element).backgroundColor == "rgba(0, 0, 0, 0)"))
    document.documentElement.style.backgroundColor = "Canvas"}"""
# Loads nothing, as the pages allow none of it. What axe cannot decide by itself is a finding, too.
_RUN_AXE = """rules => axe.run({runOnly: rules, resultTypes: ["violations", "incomplete"], preload: false}).then(
  found => [...found.violations, ...found.incomplete].flatMap(
    rule => rule.nodes.map(node => `axe ${rule.id}: ${node.html.slice(0, 120)}`)))"""
_STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
_COUNT_STOPS = f"""() => [...document.querySelectorAll(`{_STOPS}`)].filter(
  element => element.checkVisibility() && !element.disabled).length"""
_FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const outlined = style.outlineStyle != "none" && parseFloat(style.outlineWidth) > 0;
  return {path: [element.tagName, element.id, element.textContent.trim().slice(0, 40)].join(" "),
          isStop: element != document.body,
          isVisible: element.matches(":focus-visible") && (outlined || style.boxShadow != "none")}}"""


def shown(visit: Visit, status: int = 200, *, logo_origin: str | None = None) -> list[str]:
    """Its status, its language, errors of the console (those of the CSP too), how much it loads and from where.

    All is loaded from one origin, but for the brand's logo.
    """
    page, first = visit.page, visit.responses[0]
    # Chromium reports the page's own status as an error of the console.
    said = [error for error in visit.errors if status < 400 or f"responded with a status of {status}" not in error]
    wrong = [f"console: {error}" for error in said]
    if first.status != status:
        wrong.append(f"status: {first.status}")
    if (lang := page.evaluate("document.documentElement.lang")) != TAGS[visit.look.language]:
        wrong.append(f"lang: {lang!r}")
    origins = {f"{url.scheme}://{url.netloc}" for url in (urlsplit(response.url) for response in visit.responses)}
    if len(origins - {logo_origin}) > 1:
        wrong.append(f"loads from {origins}")
    if (size := transferred(visit)) >= MAX_BYTES:
        wrong.append(f"bytes: {size}")
    return wrong


def transferred(visit: Visit) -> int:
    """Bytes of all responses, with their headers."""
    return sum(
        len(response.body()) + sum(len(name) + len(value) + 4 for name, value in response.headers.items())
        for response in visit.responses
    )


def reflows(visit: Visit, looks: Iterable[Look] = (SMALL_PHONE, PHONE, DESKTOP)) -> list[str]:
    """Whether it has to be scrolled sideways on any of these screens. Leaves the tab as wide as the last."""
    wrong = []
    for look in looks:
        visit.page.set_viewport_size({"width": look.width, "height": look.height})
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        if width > look.width:
            wrong.append(f"{width} px wide on {look.width}")
    return wrong


def accessible(visit: Visit, schemes: Iterable[Scheme] = ("light", "dark")) -> list[str]:
    """What axe-core finds in these colour schemes. The tab needs script."""
    page = visit.page
    # Evaluated by the debugger, for which the page's policy does not count.
    page.evaluate(visit.axe)
    page.evaluate(_PAINT_CANVAS)
    wrong = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        wrong += [f"{scheme}: {finding}" for finding in page.evaluate(_RUN_AXE, _RULES)]
    return wrong


def focusable(visit: Visit) -> list[str]:
    """Whether the keyboard reaches all that can be used, and one sees where it is."""
    page, wrong, reached = visit.page, [], set()
    stops = page.evaluate(_COUNT_STOPS)
    for _ in range(stops):
        focused = _tab(page)
        reached.add(focused["path"])
        if not (focused["isStop"] and focused["isVisible"]):
            wrong.append(f"focus: not seen on {focused['path']}")
    if len(reached) != stops:
        wrong.append(f"focus: {len(reached)} of {stops} reached")
    return wrong


def _tab(page: "Page") -> dict[str, Any]:
    page.keyboard.press("Tab")
    focused: dict[str, Any] = page.evaluate(_FOCUSED)
    return focused
