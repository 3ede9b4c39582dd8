"""The page that a person opens, GET /verifications?token=…. With &outcome=…, it skips the steps.

All URLs are relative, because a proxy that adds a path may be in front of the fake vendor.
"""

from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, request

from .checks import is_finished
from .errors import UnknownNameError, UnknownTokenError
from .pages import closed_page, error_page, is_choice, step_page
from .records import Record
from .state import State

# The types of a fault's fields in the link's query: &fault=slow&seconds=3
_NUMBERS = {"times": int, "seconds": float, "retry_after": int}
_FAULT_FIELDS = ("fault", "location", *_NUMBERS)
# The token is in the URL, so no cache may store the page, and no other site may see the URL.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def routes(state: State) -> Blueprint:
    """Returns the routes of one path: GET shows the next step, POST makes an attempt."""
    blueprint = Blueprint("person", __name__)
    blueprint.register_error_handler(UnknownTokenError, lambda _: _page(error_page("This link does not exist"), 404))
    blueprint.register_error_handler(ValueError, lambda error: _page(_error_page(error), 400))

    @blueprint.get("/verifications")
    def open() -> Response:
        """Shows the next step, or redirects at once if the query has an outcome or a fault."""
        token = request.args.get("token", "")
        record, is_over = state.link(token)
        if is_over:
            return _page(closed_page(record, "This link has expired"), 410)
        if "outcome" in request.args or "fault" in request.args:
            # A + in a query means a space, and no outcome has a space.
            outcome = request.args.get("outcome")
            state.play_with_fault(token, outcome and outcome.replace(" ", "+"), _fault_in_query())
            return _back(state, token)
        if is_finished(record):
            return _page(closed_page(record, "This verification is finished"))
        return _page(step_page(record, _step(record)))

    @blueprint.post("/verifications")
    def attempt() -> Response:
        """Takes the fields token, step ("ocr", "face" or "leave") and choice. Redirects to the next page or back."""
        token, step, choice = (request.form.get(name, "") for name in ("token", "step", "choice"))
        record, is_over = state.link(token)
        if step == "leave":
            return _back(state, token)
        if is_over:
            return _page(closed_page(record, "This link has expired"), 410)
        # A form that is sent twice, or from an old page, must not count as another attempt.
        if is_finished(record) or step != _step(record):
            return _redirect(f"?token={token}")
        if not is_choice(step, choice):
            return _page(error_page("There is no such choice"), 400)
        state.attempt(token, step, choice)
        return _back(state, token) if is_finished(state.link(token)[0]) else _redirect(f"?token={token}")

    return blueprint


def _back(state: State, token: str) -> Response:
    """Redirects to redirect_url, with is_success=0|1 added to its query."""
    record, _ = state.link(token)
    parts = urlsplit(record["redirect_url"])
    query = f"{parts.query}&" if parts.query else ""
    return _redirect(urlunsplit(parts._replace(query=f"{query}is_success={record['is_success']}")))


def _error_page(error: ValueError) -> str:
    if isinstance(error, UnknownNameError):
        return error_page(error.problem, error.names)
    return error_page(str(error))


def _step(record: Record) -> str:
    return "face" if record["ocr_success"] else "ocr"


def _fault_in_query() -> dict[str, object]:
    given = {name: request.args[name] for name in _FAULT_FIELDS if name in request.args}
    return {name: _NUMBERS[name](value) if name in _NUMBERS else value for name, value in given.items()}


def _page(html: str, status: int = 200) -> Response:
    return Response(html, status, _HEADERS, content_type="text/html; charset=utf-8")


def _redirect(url: str) -> Response:
    return Response(status=303, headers={"Location": url, **_HEADERS})
