"""`/verifications`: create, list, read, refresh, redact, and the events of a verification.

Each route imports its own use case, so a cold start does not import the others.
"""

from aws_lambda_powertools.event_handler import Response

from bridge.dependencies import dependencies
from bridge.domain.caller import READ, READ_RESULT, REDACT, REPLAY, WRITE
from bridge.domain.errors import BridgeError, NotFound
from bridge.domain.verification import Verification
from bridge.observability import attach_verification_id
from bridge.web import requests, responses
from bridge.web.entry import entry_point
from bridge.web.problems import problem
from bridge.web.resolver import http_resolver

app = http_resolver()


@app.post("/verifications")
def create_verification() -> Response[str]:
    from bridge.use_cases.create import create

    principal = requests.caller(app.current_event, WRITE).principal
    request, key = requests.create_request(app.current_event, dependencies().settings.allowed_redirect_origins)
    created = create(dependencies(), principal, request, idempotency_key=key, base_url=_base_url())
    headers = {"Idempotent-Replayed": "true"} if created.is_replay else {}
    return responses.json_response(_document(created.verification), status=201, headers=headers)


@app.get("/verifications")
def list_verifications() -> Response[str]:
    from bridge.use_cases import listing
    from bridge.web.list_query import encode_cursor, parse_list_query

    principal = requests.caller(app.current_event, READ).principal
    query = parse_list_query(app.current_event.query_string_parameters)
    found, position = listing.list_verifications(dependencies(), principal, query)
    page = {"data": [_document(each) for each in found], "next_cursor": encode_cursor(position)}
    # Escapes would take a page of Chinese metadata beyond the 6 MB of a function's response.
    return responses.json_response(page, ensure_ascii=False)


@app.get("/verifications/<id>")
def read_verification(id: str) -> Response[str]:
    from bridge.use_cases.read import read, read_result

    caller = requests.caller(app.current_event, READ)
    wants_result = requests.wants_result(app.current_event)
    if wants_result:
        requests.caller(app.current_event, READ_RESULT)
    with attach_verification_id(id):
        verification = read(dependencies(), caller.principal, id, reads_all=caller.reads_all)
        result = {"result": read_result(dependencies(), verification, caller)} if wants_result else {}
    # Without it, a caller who was given an id cannot tell whose verification it is.
    principal = {"principal": verification.principal} if caller.reads_all else {}
    return responses.json_response({**_document(verification), **principal, **result})


@app.post("/verifications/<id>/refresh")
def refresh_verification(id: str) -> Response[str]:
    from bridge.use_cases.refresh import refresh

    principal = requests.caller(app.current_event, READ).principal
    with attach_verification_id(id):
        return responses.json_response(_document(refresh(dependencies(), principal, id)))


@app.post("/verifications/<id>/redact")
def redact_verification(id: str) -> Response[str]:
    from bridge.use_cases.redact import redact

    caller = requests.caller(app.current_event, REDACT)
    with attach_verification_id(id):
        return responses.json_response(_document(redact(dependencies(), caller, id)))


@app.get("/verifications/<id>/events")
def list_events(id: str) -> Response[str]:
    from bridge.use_cases.replay import list_events

    caller = requests.caller(app.current_event, READ)
    with attach_verification_id(id):
        return responses.json_response(responses.events(list_events(dependencies(), caller, id)))


@app.post("/verifications/<id>/events/replay")
def replay_events(id: str) -> Response[str]:
    from bridge.use_cases.replay import replay

    caller = requests.caller(app.current_event, REPLAY)
    with attach_verification_id(id):
        return responses.json_response(responses.events(replay(dependencies(), caller, id)), status=202)


def _document(verification: Verification) -> dict[str, object]:
    return responses.verification_document(verification, base_url=_base_url(), now=dependencies().now())


def _base_url() -> str:
    return requests.base_url(app.current_event, dependencies().settings.public_base_url)


def _error_response(error: BridgeError) -> Response[str]:
    return problem(error, app.current_event.request_context.request_id)


app.exception_handler(BridgeError)(_error_response)
# The resolver matches no route for an id with unusual characters. It gets the same 404 as an unknown id.
app.not_found(lambda _: _error_response(NotFound()))

lambda_handler = entry_point(app.resolve)
