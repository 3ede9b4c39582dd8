"""A person's browser: a language, a screen, a colour scheme, with or without script."""

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
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

# A logo's origin, in place of a brand's server.
BRAND_ORIGIN = "https://brand.example"
_LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><path d="M0 0h60v20H0z" fill="#777"/></svg>'
# Of a picture (PNG in base64): its width, its height, and a character for each pixel: the one with that code.
_PIXELS = """async png => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const red = context.getImageData(0, 0, picture.width, picture.height).data.filter((_, at) => at % 4 == 0);
  return [picture.width, picture.height, new TextDecoder("utf-16le").decode(Uint16Array.from(red))]}"""

# Milliseconds for whatever a test waits for, however busy the machine is. Playwright's own limits are half of it.
_PATIENCE = 60_000

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
        return self.page.locator("h1:visible").inner_text()

    def forget(self) -> None:
        """As if it had loaded nothing so far."""
        self.errors.clear()
        self.responses.clear()

    def see(self, heading: str) -> None:
        """Waits until the page, or one that follows it, has this heading, and the rest. Raises Playwright's
        TimeoutError."""
        with self._noting():
            self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
            self.page.wait_for_load_state()

    def click(self, button: str) -> None:
        """Clicks a button by its text."""
        with self._noting():
            self.page.get_by_role("button", name=button, exact=True).click()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            loaded = [(response.status, response.url) for response in self.responses[-3:]]
            error.add_note(f"It is at {self.page.url}; loaded last: {loaded}")
            raise


class Visitor:
    """Opens pages, in a Chromium that all tests share."""

    def __init__(self, browser: "Browser", axe: str) -> None:
        self._browser = browser
        self._axe = axe
        self._kept: dict[tuple[Look, bool], Visit] = {}
        self._examined: list[Visit] = []
        self._contexts: list[BrowserContext] = []
        self._blank: Page | None = None

    def open(self, url: str, look: Look) -> Visit:
        """A tab of somebody else: nothing is stored or cached in it."""
        visit = self._new(look)
        self._contexts.append(visit.page.context)
        visit.page.goto(url)
        return visit

    def examine(self, url: str, look: Look, *, plain: bool = False, tap: bool = False) -> Visit:
        """A tab in which the page does not reload itself, so that there is time to examine it.

        `plain`: with script, but the page is as it looks without: axe-core needs script. `tap`: on the button of the
        page's form, whose response is then what is examined. A new context for each page would take most of the tests'
        time, so these tabs are kept; a test has one of each kind.
        """
        visit = self._kept.get((look, plain))
        if visit is None:
            visit = self._kept[look, plain] = self._new(look)
            visit.page.route("**/*", lambda route: _serve(route, plain=plain))
            visit.page.route(
                f"{BRAND_ORIGIN}/**", lambda route: route.fulfill(body=_LOGO, content_type="image/svg+xml")
            )
        self._examined.append(visit)
        visit.page.set_viewport_size({"width": look.width, "height": look.height})
        visit.page.emulate_media(color_scheme=look.scheme)
        visit.forget()
        visit.page.goto(url)
        if tap:
            visit.forget()
            with visit.page.expect_navigation():
                visit.page.locator("form button").click()
        return visit

    def scan(self, visit: Visit) -> str:
        """What the QR code says that is on the screen now, as a phone's camera sees it: black and white, or grey.

        Raises ValueError if there is not one.
        """
        import zxingcpp

        screen = b64encode(visit.page.screenshot()).decode()
        # Not in the page itself, whose policy forbids it, and which may have no script.
        self._blank = self._blank or self._browser.new_page()
        width, height, pixels = self._blank.evaluate(_PIXELS, screen)
        image = memoryview(pixels.encode("latin-1")).cast("B", (height, width))
        (code,) = zxingcpp.read_barcodes(image, try_invert=False)
        return code.text

    def leave(self) -> None:
        """No page does anything from now on."""
        for visit in self._examined:
            visit.page.goto("about:blank")
        self._examined.clear()
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _new(self, look: Look) -> Visit:
        context = self._browser.new_context(
            locale=LOCALES[look.language],
            viewport={"width": look.width, "height": look.height},
            is_mobile=look.is_phone,
            has_touch=look.is_phone,
            color_scheme=look.scheme,
            java_script_enabled=look.has_script,
            user_agent=look.user_agent,
        )
        context.set_default_timeout(_PATIENCE)
        visit = Visit(context.new_page(), look, self._axe)
        _watch(visit)
        return visit


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
    if not route.request.is_navigation_request():
        route.continue_()
        return
    response = route.fetch(max_redirects=0)
    headers = {name: value for name, value in response.headers.items() if name != "refresh"}
    html = _without_script(response.text()) if plain else response.text()
    route.fulfill(response=response, headers=headers, body=re.sub(r'<meta http-equiv="?refresh[^>]*>', "", html))


def _without_script(html: str) -> str:
    """What a browser without script makes of a page: it shows what is in noscript, and has no scripts."""
    return re.sub(r"</?noscript>", "", re.sub(r"(?s)<script\b.*?</script>", "", html))
