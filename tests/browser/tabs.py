"""The tabs of a person's browser: with a device, a language, a colour scheme, with or without script."""

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, Route

# The bridge shows another start page on a phone.
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36"
)
# By language of the bridge's pages: the browser's locale, and the page's `lang`.
LOCALES = {"en": "en-GB", "ms": "ms-MY", "zh": "zh-CN"}
TAGS = {"en": "en", "ms": "ms", "zh": "zh-Hans"}

# The origin of a brand's logo.
BRAND_ORIGIN = "https://brand.example"
_LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><path d="M0 0h60v20H0z" fill="#777"/></svg>'
# Returns a picture's (PNG in base64) width and height, and its pixels as text: each character's code is a pixel.
_PIXELS = """async png => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const red = context.getImageData(0, 0, picture.width, picture.height).data.filter((_, at) => at % 4 == 0);
  return [picture.width, picture.height, new TextDecoder("utf-16le").decode(Uint16Array.from(red))]}"""

# Milliseconds. Twice Playwright's default, for busy machines.
_TIMEOUT_MS = 60_000

Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Device:
    """A person's device. `width` and `height` are in CSS pixels. `user_agent` replaces that of Chromium."""

    width: int
    height: int
    is_phone: bool
    language: str = "en"
    scheme: Scheme = "light"
    has_script: bool = True
    user_agent: str | None = None

    def with_changes(self, **changes: object) -> "Device":
        """Returns a copy with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() checks the names


PHONE = Device(360, 740, is_phone=True, user_agent=_ANDROID)
SMALL_PHONE = Device(320, 568, is_phone=True, user_agent=_ANDROID)
IN_APP = Device(360, 740, is_phone=True, user_agent=f"{_ANDROID} Instagram 350.0.0.0.0 Android")
DESKTOP = Device(1280, 800, is_phone=False)


def script_id(device: Device) -> str:
    """Returns the name of a test's case."""
    return "with script" if device.has_script else "without script"


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab.

    Attributes:
        errors: the errors of the console, and the exceptions of scripts, in order.
        responses: the responses that the tab loaded.
        axe: the script of axe-core.
    """

    page: "Page"
    device: Device
    axe: str
    errors: list[str] = field(default_factory=list)
    responses: "list[Response]" = field(default_factory=list)

    @property
    def heading(self) -> str:
        """The text of the page's first heading."""
        return self.page.locator("h1:visible").inner_text()

    def clear(self) -> None:
        """Forgets the errors and responses so far."""
        self.errors.clear()
        self.responses.clear()

    def see(self, heading: str) -> None:
        """Waits until a loaded page has this heading. Raises Playwright's TimeoutError."""
        with self._with_location():
            self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
            self.page.wait_for_load_state()

    def click(self, button: str) -> None:
        """Clicks a button by its text."""
        with self._with_location():
            self.page.get_by_role("button", name=button, exact=True).click()

    @contextmanager
    def _with_location(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            loaded = [(response.status, response.url) for response in self.responses[-3:]]
            error.add_note(f"The tab is at {self.page.url}. Its last responses: {loaded}")
            raise


class Tabs:
    """Opens tabs in a Chromium that all tests share."""

    def __init__(self, browser: "Browser", axe: str) -> None:
        self._browser = browser
        self._axe = axe
        self._reused: dict[tuple[Device, bool], Tab] = {}
        self._examined: list[Tab] = []
        self._contexts: list[BrowserContext] = []
        self._blank: Page | None = None

    def open(self, url: str, device: Device) -> Tab:
        """Opens a new tab with empty storage and cache."""
        tab = self._new(device)
        self._contexts.append(tab.page.context)
        tab.page.goto(url)
        return tab

    def examine(self, url: str, device: Device, *, plain: bool = False, tap: bool = False) -> Tab:
        """Opens a tab in which the page does not reload itself, so that there is time to examine it.

        `plain` removes the page's scripts, but leaves scripting on for axe-core. `tap` clicks the button of the page's
        form, and examines the response. Tests reuse these tabs, because a new context for each page is slow.
        """
        tab = self._reused.get((device, plain))
        if tab is None:
            tab = self._reused[device, plain] = self._new(device)
            tab.page.route("**/*", lambda route: _serve(route, plain=plain))
            tab.page.route(f"{BRAND_ORIGIN}/**", lambda route: route.fulfill(body=_LOGO, content_type="image/svg+xml"))
        self._examined.append(tab)
        tab.page.set_viewport_size({"width": device.width, "height": device.height})
        tab.page.emulate_media(color_scheme=device.scheme)
        tab.clear()
        tab.page.goto(url)
        if tap:
            tab.clear()
            with tab.page.expect_navigation():
                tab.page.locator("form button").click()
        return tab

    def read_qr_code(self, tab: Tab) -> str:
        """Returns the text of the QR code on the screen. Raises ValueError unless there is exactly one."""
        import zxingcpp

        screen = b64encode(tab.page.screenshot()).decode()
        # In another page, because this page's policy forbids it, and its scripts may be off.
        self._blank = self._blank or self._browser.new_page()
        width, height, pixels = self._blank.evaluate(_PIXELS, screen)
        image = memoryview(pixels.encode("latin-1")).cast("B", (height, width))
        (code,) = zxingcpp.read_barcodes(image, try_invert=False)
        return code.text

    def close(self) -> None:
        """Closes the tabs, and leaves the page in those that tests reuse."""
        for tab in self._examined:
            tab.page.goto("about:blank")
        self._examined.clear()
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _new(self, device: Device) -> Tab:
        context = self._browser.new_context(
            locale=LOCALES[device.language],
            viewport={"width": device.width, "height": device.height},
            is_mobile=device.is_phone,
            has_touch=device.is_phone,
            color_scheme=device.scheme,
            java_script_enabled=device.has_script,
            user_agent=device.user_agent,
        )
        context.set_default_timeout(_TIMEOUT_MS)
        tab = Tab(context.new_page(), device, self._axe)
        _watch(tab)
        return tab


def _watch(tab: Tab) -> None:
    def store_error(message: "ConsoleMessage") -> None:
        if message.type == "error":
            tab.errors.append(message.text)

    def store_response(response: "Response") -> None:
        # A function, because Playwright sets an attribute on it, which a list's method does not allow.
        tab.responses.append(response)

    tab.page.on("console", store_error)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("response", store_response)


def _serve(route: "Route", *, plain: bool) -> None:
    if not route.request.is_navigation_request():
        route.continue_()
        return
    response = route.fetch(max_redirects=0)
    headers = {name: value for name, value in response.headers.items() if name != "refresh"}
    html = _without_script(response.text()) if plain else response.text()
    route.fulfill(response=response, headers=headers, body=re.sub(r'<meta http-equiv="?refresh[^>]*>', "", html))


def _without_script(html: str) -> str:
    """Returns the page as a browser without script shows it: without scripts, and with the content of noscript."""
    return re.sub(r"</?noscript>", "", re.sub(r"(?s)<script\b.*?</script>", "", html))
