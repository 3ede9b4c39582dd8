"""The checks of this folder find what is wrong with a page."""

from collections.abc import Iterator

import pytest
from werkzeug.wrappers import Request, Response

from tests.browser import checks
from tests.browser.browsing import PHONE, Visitor
from tests.sandbox.serving import Server

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_HEAD = '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A page</title>'
PAGES = {
    "sound": f"{_HEAD}<main><h1>A page</h1><button>One</button><a href='/'>Two</a></main>",
    "grey": f"{_HEAD}<main><h1>A page</h1><p style='color: #777'>Text</p></main>",
    "wide": f"{_HEAD}<main><h1>A page</h1><p style='width: 350px'>Text</p></main>",
    "inline script": f"{_HEAD}<main><h1>A page</h1></main><script>1</script>",
    "outline": f"{_HEAD}<main><h1>A page</h1><button style='outline: none'>One</button></main>",
    "unreachable": f"{_HEAD}<main><h1>A page</h1><a href='/' tabindex=-1>One</a></main>",
    "German": f"{_HEAD.replace('en', 'de', 1)}<main><h1>A page</h1></main>",
    "large": f"{_HEAD}<main><h1>A page</h1><p>{'word ' * 6000}</p></main>",
}
# What is said of each, as far as it is the same on every screen.
FOUND = {
    "sound": [],
    "grey": ["light: axe color-contrast", "dark: axe color-contrast"],
    "wide": ["358 px wide on 320"],
    "inline script": ["console: Executing inline script violates"],
    "outline": ["focus: not seen on BUTTON"],
    "unreachable": ["focus: not seen on BODY"],
    "German": ["lang: 'de'"],
    "large": ["bytes: 30"],
}


@pytest.fixture
def server() -> Iterator[Server]:
    @Request.application
    def respond(request: Request) -> Response:
        html = PAGES[request.args["page"]]
        return Response(html, content_type="text/html", headers={"Content-Security-Policy": _POLICY})

    server = Server()
    server.start(respond)
    yield server
    server.stop()


@pytest.mark.parametrize("name", PAGES)
def test_a_check_finds_what_is_wrong(name: str, server: Server, visitor: Visitor) -> None:
    visit = visitor.examine(f"{server.url}/?page={name}", PHONE)

    wrong = [*checks.accessible(visit), *checks.focusable(visit), *checks.reflows(visit), *checks.shown(visit)]

    assert [it[: len(begins)] for it, begins in zip(wrong, FOUND[name], strict=True)] == FOUND[name]
