"""What a person's browser calls.

`/start/{id}/{code}`, whose page makes the vendor's link; `/return/{id}/{code}`, to which the vendor redirects people;
`/done/{id}/{code}`, where those without a `redirect_url` end; and `/status/{id}/{code}`, which pages poll.
"""

from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from bridge.dependencies import dependencies
from bridge.domain import links
from bridge.domain.errors import BridgeError, NotFound
from bridge.domain.verification import Verification
from bridge.observability import attach_verification_id
from bridge.use_cases.redirect import frontend_url, redirect
from bridge.use_cases.status import read_status
from bridge.web import requests, responses
from bridge.web.entry import entry_point
from bridge.web.problems import problem
from bridge.web.resolver import http_resolver

if TYPE_CHECKING:
    from bridge.web.brand import Brand
    from bridge.web.page_texts import Language

app = http_resolver()


@app.get("/return/<id>/<code>")
def return_person(id: str, code: str) -> Response[str]:
    requests.reject_prefetch(app.current_event)
    with attach_verification_id(id):
        deps = dependencies()
        location = redirect(deps, id, code)
        return responses.see_other(location or f"{_base_url()}/done/{id}/{code}")


@app.get("/done/<id>/<code>")
def show_done_page(id: str, code: str) -> Response[str]:
    with attach_verification_id(id):
        deps = dependencies()
        verification = read_status(deps, id, code)
        if links.may_make_link(verification, deps.now()):
            # The link ended unfinished. There is nothing to wait for: the person may begin again.
            return responses.see_other(f"{_base_url()}/start/{id}/{code}")
        return _done_page(verification)


@app.get("/start/<id>/<code>")
def show_start_page(id: str, code: str) -> Response[str]:
    from bridge.use_cases.start import read_start
    from bridge.web.start_page import StartView, start_page

    with attach_verification_id(id):
        deps = dependencies()
        verification = read_start(deps, id, code)
        if verification.status.is_final:
            return _show_outcome(verification)
        now = deps.now()
        view = StartView(
            start_url=f"{_base_url()}/start/{id}/{code}",
            status_url=f"{_base_url()}/status/{id}/{code}",
            state=links.state(verification, now),
            valid_until=verification.ends_at,
            waiting_since=links.waiting_since(verification),
            now=now,
            user_agent=app.current_event.headers.get("user-agent") or "",
            links_left=links.left(verification),
            type=verification.type,
            id_type=verification.id_type,
        )
        return start_page(view, _language(verification.locale), _brand())


def _show_outcome(verification: Verification) -> Response[str]:
    """The frontend for a page that followed the status, like that of a person who returns; else the done page."""
    is_followed = app.current_event.query_string_parameters.get("follow") is not None
    location = frontend_url(dependencies(), verification) if is_followed else None
    return responses.see_other(location) if location else _done_page(verification)


@app.post("/start/<id>/<code>")
def start_verification(id: str, code: str) -> Response[str]:
    from bridge.use_cases.start import start

    with attach_verification_id(id):
        location = start(dependencies(), id, code, base_url=_base_url())
        return responses.see_other(location or f"{_base_url()}/start/{id}/{code}")


@app.get("/status/<id>/<code>")
def get_status(id: str, code: str) -> Response[str]:
    with attach_verification_id(id):
        verification = read_status(dependencies(), id, code)
        headers = {**responses.PRIVATE_HEADERS, **responses.retry_after_header(verification)}
        return responses.json_response(responses.status_document(verification), headers=headers)


def _done_page(verification: Verification) -> Response[str]:
    from bridge.web.pages import done_page

    return done_page(verification, _language(verification.locale), _brand())


def _base_url() -> str:
    return requests.base_url(app.current_event, dependencies().settings.public_base_url)


def _error_response(error: BridgeError) -> Response[str]:
    # A person opens these, so their errors are HTML pages.
    if "/status/" not in app.current_event.route_key:
        from bridge.web.pages import error_page

        return error_page(error, _language(error.locale), _brand())
    return problem(error, app.current_event.request_context.request_id)


def _language(locale: str | None) -> "Language":
    from bridge.web.page_texts import choose_language

    return choose_language(locale, app.current_event.headers.get("accept-language"))


def _brand() -> "Brand":
    from bridge.web.brand import brand

    return brand(dependencies().settings)


app.exception_handler(BridgeError)(_error_response)
app.not_found(lambda _: _error_response(NotFound()))

lambda_handler = entry_point(app.resolve)
