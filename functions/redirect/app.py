"""`/return/{id}/{code}`, where the vendor sends people back to, and `/status/{id}/{code}` for browsers to poll."""

from aws_lambda_powertools.event_handler import Response

from bridge.dependencies import dependencies
from bridge.domain.errors import BridgeError, NotFound
from bridge.observability import concerning
from bridge.use_cases.redirect import read_status, redirect
from bridge.web import pages, requests, responses
from bridge.web.entry import entry_point
from bridge.web.problems import problem
from bridge.web.resolver import http_resolver

app = http_resolver()


@app.get("/return/<id>/<code>")
def return_person(id: str, code: str) -> Response[str]:
    requests.refuse_prefetch(app.current_event)
    with concerning(id):
        return pages.see_other(redirect(dependencies(), id, code))


@app.get("/status/<id>/<code>")
def get_status(id: str, code: str) -> Response[str]:
    with concerning(id):
        verification = read_status(dependencies(), id, code)
        headers = {**pages.PRIVATE, **responses.poll_after(verification)}
        return responses.json_response(responses.status(verification), headers=headers)


def _refuse(error: BridgeError) -> Response[str]:
    # A person reads what a return answers, a program the rest.
    if app.current_event.route_key.startswith("GET /return/"):
        return pages.page(error)
    return problem(error, app.current_event.request_context.request_id)


app.exception_handler(BridgeError)(_refuse)
app.not_found(lambda _: _refuse(NotFound()))

lambda_handler = entry_point(app.resolve)
