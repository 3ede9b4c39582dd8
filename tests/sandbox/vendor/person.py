"""The page that a person opens, GET /verifications?token=…: step by step or, with &outcome=…, all at once.

URLs are relative throughout: the fake vendor may be reached through a proxy that adds a path.
"""

from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, request

from .checks import is_finished
from .errors import UnknownNameError, UnknownTokenError
from .pages import closed_page, is_choice, mistake_page, step_page
from .records import Record
from .state import State

# How a fault in the link's query is read: &fault=slow&seconds=3
_NUMBERS = {"times": int, "seconds": float, "retry_after": int}
_FAULT_FIELDS = ("fault", "location", *_NUMBERS)
# The token is in the URL: no cache keeps the page, and no other site sees the URL.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def routes(state: State) -> Blueprint:
    """One path: GET shows where the person is, POST is one attempt."""
    blueprint = Blueprint("person", __name__)
    blueprint.register_error_handler(UnknownTokenError, lambda _: _page(mistake_page("This link does not exist"), 404))
    blueprint.register_error_handler(ValueError, lambda mistake: _page(_mistake(mistake), 400))

    @blueprint.get("/verifications")
    def open() -> Response:
        """The page of the next step; with an outcome or a fault, the redirect right away."""
        token = request.args.get("token", "")
        record, over = state.link(token)
        if over:
            return _page(closed_page(record, "This link has expired"), 410)
        if "outcome" in request.args or "fault" in request.args:
            # In a query + means a space, and no outcome has one.
            outcome = request.args.get("outcome")
            state.play_with_fault(token, outcome and outcome.replace(" ", "+"), _fault_in_query())
            return _back(state, token)
        if is_finished(record):
            return _page(closed_page(record, "This verification is finished"))
        return _page(step_page(record, _step(record)))

    @blueprint.post("/verifications")
    def attempt() -> Response:
        """Form fields token, step ("ocr", "face" or "leave") and choice: on to the next page, or back."""
        token, step, choice = (request.form.get(name, "") for name in ("token", "step", "choice"))
        record, over = state.link(token)
        if step == "leave":
            return _back(state, token)
        if over:
            return _page(closed_page(record, "This link has expired"), 410)
        # A form that was sent twice, or from a page gone back to, must not count as another attempt.
        if is_finished(record) or step != _step(record):
            return _redirect(f"?token={token}")
        if not is_choice(step, choice):
            return _page(mistake_page("There is no such choice"), 400)
        state.attempt(token, step, choice)
        return _back(state, token) if is_finished(state.link(token)[0]) else _redirect(f"?token={token}")

    return blueprint


def _back(state: State, token: str) -> Response:
    """To the redirect_url, with is_success=0|1 after its own query and before its fragment."""
    record, _ = state.link(token)
    parts = urlsplit(record["redirect_url"])
    query = f"{parts.query}&" if parts.query else ""
    return _redirect(urlunsplit(parts._replace(query=f"{query}is_success={record['is_success']}")))


def _mistake(mistake: ValueError) -> str:
    if isinstance(mistake, UnknownNameError):
        return mistake_page(mistake.problem, mistake.names)
    return mistake_page(str(mistake))


def _step(record: Record) -> str:
    return "face" if record["ocr_success"] else "ocr"


def _fault_in_query() -> dict[str, object]:
    given = {name: request.args[name] for name in _FAULT_FIELDS if name in request.args}
    return {name: _NUMBERS[name](value) if name in _NUMBERS else value for name, value in given.items()}


def _page(html: str, status: int = 200) -> Response:
    return Response(html, status, _HEADERS, content_type="text/html; charset=utf-8")


def _redirect(url: str) -> Response:
    return Response(status=303, headers={"Location": url, **_HEADERS})
