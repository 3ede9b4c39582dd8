"""The checks of this folder find the problems of a page."""

from collections.abc import Iterator

import pytest
from werkzeug.wrappers import Request, Response

from tests.browser import checks
from tests.browser.tabs import PHONE, Tabs
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
# The beginning of each reported problem.
FOUND = {
    "sound": [],
    "grey": ["light: axe color-contrast", "dark: axe color-contrast"],
    "wide": ["358 px wide on 320"],
    "inline script": ["console: Executing inline script violates"],
    "outline": ["focus: not visible on BUTTON"],
    "unreachable": ["focus: not visible on BODY"],
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
def test_checks_report_each_problem_of_a_page(name: str, server: Server, tabs: Tabs) -> None:
    tab = tabs.examine(f"{server.url}/?page={name}", PHONE)

    problems = [*checks.accessibility(tab), *checks.focus(tab), *checks.reflow(tab), *checks.loading(tab)]

    assert [it[: len(begins)] for it, begins in zip(problems, FOUND[name], strict=True)] == FOUND[name]
