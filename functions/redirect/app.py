"""What a person's browser calls.

`/return/{id}/{code}`, to which the vendor redirects people; `/done/{id}/{code}`, where those without a `redirect_url`
end; and `/status/{id}/{code}`, which pages poll.
"""

from aws_lambda_powertools.event_handler import Response

from bridge.dependencies import dependencies
from bridge.domain.errors import BridgeError, NotFound
from bridge.observability import attach_verification_id
from bridge.use_cases.redirect import read_status, redirect
from bridge.web import pages, requests, responses
from bridge.web.brand import Brand, brand
from bridge.web.entry import entry_point
from bridge.web.page_layout import PRIVATE_HEADERS
from bridge.web.page_texts import Language, language
from bridge.web.problems import problem
from bridge.web.resolver import http_resolver

app = http_resolver()


@app.get("/return/<id>/<code>")
def return_person(id: str, code: str) -> Response[str]:
    requests.reject_prefetch(app.current_event)
    with attach_verification_id(id):
        deps = dependencies()
        location = redirect(deps, id, code)
        base_url = requests.base_url(app.current_event, deps.settings.public_base_url)
        return pages.see_other(location or f"{base_url}/done/{id}/{code}")


@app.get("/done/<id>/<code>")
def show_done_page(id: str, code: str) -> Response[str]:
    with attach_verification_id(id):
        verification = read_status(dependencies(), id, code)
        return pages.done_page(verification, _language(verification.locale), _brand())


@app.get("/status/<id>/<code>")
def get_status(id: str, code: str) -> Response[str]:
    with attach_verification_id(id):
        verification = read_status(dependencies(), id, code)
        headers = {**PRIVATE_HEADERS, **responses.retry_after_header(verification)}
        return responses.json_response(responses.status_document(verification), headers=headers)


def _error_response(error: BridgeError) -> Response[str]:
    # A person opens these, so their errors are HTML pages.
    if app.current_event.route_key.startswith(("GET /return/", "GET /done/")):
        return pages.error_page(error, _language(), _brand())
    return problem(error, app.current_event.request_context.request_id)


def _language(locale: str | None = None) -> Language:
    return language(locale, app.current_event.headers.get("accept-language"))


def _brand() -> Brand:
    return brand(dependencies().settings)


app.exception_handler(BridgeError)(_error_response)
app.not_found(lambda _: _error_response(NotFound()))

lambda_handler = entry_point(app.resolve)
