"""Checks that return the problems of a page as texts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.browser.tabs import DESKTOP, PHONE, SMALL_PHONE, TAGS, Scheme, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The most bytes of a page of the bridge, with headers and everything that it loads.
MAX_BYTES = 30_000
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe assumes a white canvas if no element has a background, even on dark pages: dequelabs/axe-core#3605.
_PAINT_CANVAS = """() => {
  if ([document.documentElement, document.body].every(
    element => getComputedStyle(element).backgroundColor == "rgba(0, 0, 0, 0)"))
    document.documentElement.style.backgroundColor = "Canvas"}"""
# preload is off because the pages' policy allows none. Results that axe cannot decide are findings, too.
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


def loading(tab: Tab, status: int = 200, *, logo_origin: str | None = None) -> list[str]:
    """Checks the status, the language, the console (including CSP errors), the size, and that everything except the
    brand's logo is from one origin."""
    page, first = tab.page, tab.responses[0]
    # Chromium reports the page's own status as an error of the console.
    errors = [error for error in tab.errors if status < 400 or f"responded with a status of {status}" not in error]
    problems = [f"console: {error}" for error in errors]
    if first.status != status:
        problems.append(f"status: {first.status}")
    if (lang := page.evaluate("document.documentElement.lang")) != TAGS[tab.device.language]:
        problems.append(f"lang: {lang!r}")
    origins = {f"{url.scheme}://{url.netloc}" for url in (urlsplit(response.url) for response in tab.responses)}
    if len(origins - {logo_origin}) > 1:
        problems.append(f"loads from {origins}")
    if (size := transferred(tab)) >= MAX_BYTES:
        problems.append(f"bytes: {size}")
    return problems


def transferred(tab: Tab) -> int:
    """Returns the bytes of all responses with their headers."""
    return sum(
        len(response.body()) + sum(len(name) + len(value) + 4 for name, value in response.headers.items())
        for response in tab.responses
    )


def reflow(tab: Tab) -> list[str]:
    """Checks that neither a phone nor a desktop needs horizontal scrolling. The tab keeps the size of the last one."""
    problems = []
    for device in (SMALL_PHONE, PHONE, DESKTOP):
        tab.page.set_viewport_size({"width": device.width, "height": device.height})
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        if width > device.width:
            problems.append(f"{width} px wide on {device.width}")
    return problems


def accessibility(tab: Tab, schemes: Iterable[Scheme] = ("light", "dark")) -> list[str]:
    """Runs axe-core in these colour schemes. The tab needs script."""
    page = tab.page
    # The debugger evaluates it, so the page's policy does not apply.
    page.evaluate(tab.axe)
    page.evaluate(_PAINT_CANVAS)
    problems = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        problems += [f"{scheme}: {finding}" for finding in page.evaluate(_RUN_AXE, _RULES)]
    return problems


def focus(tab: Tab) -> list[str]:
    """Checks that the keyboard reaches every control, and that the focus is visible."""
    page, problems, reached = tab.page, [], set()
    stops = page.evaluate(_COUNT_STOPS)
    for _ in range(stops):
        focused = _tab(page)
        reached.add(focused["path"])
        if not (focused["isStop"] and focused["isVisible"]):
            problems.append(f"focus: not visible on {focused['path']}")
    if len(reached) != stops:
        problems.append(f"focus: {len(reached)} of {stops} reached")
    return problems


def _tab(page: "Page") -> dict[str, Any]:
    page.keyboard.press("Tab")
    focused: dict[str, Any] = page.evaluate(_FOCUSED)
    return focused
