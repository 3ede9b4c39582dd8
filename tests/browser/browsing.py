"""A person's browser: a language, a screen, a colour scheme, with or without script."""

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, Route

# Which page the bridge shows first depends on it.
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36"
)
# The languages of the bridge's pages: what a browser is set to, and what the page's `lang` then is.
LOCALES = {"en": "en-GB", "ms": "ms-MY", "zh": "zh-CN"}
TAGS = {"en": "en", "ms": "ms", "zh": "zh-Hans"}


Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a person looks at a page. `width` and `height` are in CSS pixels; `user_agent` replaces Chromium's own."""

    width: int
    height: int
    is_phone: bool
    language: str = "en"
    scheme: Scheme = "light"
    has_script: bool = True
    user_agent: str | None = None

    def but(self, **changes: object) -> "Look":
        """The same with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() checks the names


PHONE = Look(360, 740, is_phone=True, user_agent=_ANDROID)
SMALL_PHONE = Look(320, 568, is_phone=True, user_agent=_ANDROID)
IN_APP = Look(360, 740, is_phone=True, user_agent=f"{_ANDROID} Instagram 350.0.0.0.0 Android")
DESKTOP = Look(1280, 800, is_phone=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A tab.

    Attributes:
        errors: what the console called an error, and exceptions of scripts, in order.
        responses: all that it has loaded.
        axe: the script of axe-core.
    """

    page: "Page"
    look: Look
    axe: str
    errors: list[str] = field(default_factory=list)
    responses: "list[Response]" = field(default_factory=list)

    @property
    def heading(self) -> str:
        """What the page says first."""
        return self.page.locator("h1").inner_text()

    def see(self, heading: str, *, seconds: float = 10) -> None:
        """Waits until the page, or one that follows it, has this heading. Raises Playwright's TimeoutError."""
        self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for(timeout=seconds * 1000)

    def click(self, button: str) -> None:
        """Clicks a button by its text."""
        self.page.get_by_role("button", name=button, exact=True).click()


class Visitor:
    """Opens pages. Each has a context of its own: no cookie, no storage, no cache of another."""

    def __init__(self, browser: "Browser", axe: str) -> None:
        self._browser = browser
        self._axe = axe
        self._contexts: list[BrowserContext] = []

    def open(self, url: str, look: Look, *, still: bool = False, plain: bool = False) -> Visit:
        """A new tab with `url`.

        `still`: the page does not reload itself, so that there is time to examine it. `plain`: the browser has script,
        and gets the page as it is without: axe-core needs script.
        """
        context = self._browser.new_context(
            locale=LOCALES[look.language],
            viewport={"width": look.width, "height": look.height},
            is_mobile=look.is_phone,
            has_touch=look.is_phone,
            color_scheme=look.scheme,
            java_script_enabled=look.has_script,
            user_agent=look.user_agent,
        )
        self._contexts.append(context)
        page = context.new_page()
        visit = Visit(page, look, self._axe)
        _watch(visit)
        if still or plain:
            page.route(url, lambda route: _serve(route, plain=plain))
        page.goto(url)
        return visit

    def close(self) -> None:
        """Closes all tabs."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


def _watch(visit: Visit) -> None:
    def keep_error(said: "ConsoleMessage") -> None:
        if said.type == "error":
            visit.errors.append(said.text)

    def keep_response(response: "Response") -> None:
        # Playwright marks what it is given, which it cannot do to a list's method.
        visit.responses.append(response)

    visit.page.on("console", keep_error)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("response", keep_response)


def _serve(route: "Route", *, plain: bool) -> None:
    response = route.fetch(max_redirects=0)
    headers = {name: value for name, value in response.headers.items() if name != "refresh"}
    html = _without_script(response.text()) if plain else response.text()
    route.fulfill(response=response, headers=headers, body=re.sub(r'<meta http-equiv="?refresh[^>]*>', "", html))


def _without_script(html: str) -> str:
    """What a browser without script makes of a page: it shows what is in noscript, and has no scripts."""
    return re.sub(r"</?noscript>", "", re.sub(r"(?s)<script\b.*?</script>", "", html))
