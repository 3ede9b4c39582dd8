"""The page that a person opens, GET /verifications?token=…: step by step or, with &outcome=…, all at once."""

from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, request

from .checks import is_finished
from .orders import play_with_fault
from .pages import closed_page, is_choice, mistake_page, step_page
from .records import Record
from .state import State, UnknownTokenError

# Addresses are relative throughout: the stand-in may be reached through a proxy that adds a path.

# How a fault in the link's query is read: &fault=slow&seconds=3
_NUMBERS = {"times": int, "seconds": float, "retry_after": int}
_FAULT_FIELDS = ("fault", "location", *_NUMBERS)


class Person:
    """Its routes over one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def blueprint(self) -> Blueprint:
        """One address: GET shows where the person stands, POST is one attempt."""
        routes = Blueprint("person", __name__)
        routes.add_url_rule("/verifications", view_func=self.open)
        routes.add_url_rule("/verifications", view_func=self.attempt, methods=["POST"])
        routes.register_error_handler(UnknownTokenError, _unknown_link)
        return routes

    def open(self) -> Response:
        """GET: the page of the next step; with an outcome or a fault, the redirect right away."""
        token = request.args.get("token", "")
        record, over = self._state.look(token)
        if over:
            return _page(closed_page(record, "This link has expired"), 410)
        if "outcome" in request.args or "fault" in request.args:
            play_with_fault(self._state, token, request.args.get("outcome"), _fault_of_link())
            return self._back(token)
        if is_finished(record):
            return _page(closed_page(record, "This verification is finished"))
        return _page(step_page(record, _step(record)))

    def attempt(self) -> Response:
        """POST token, step ("ocr", "face" or "leave") and choice: on to the next page, or back."""
        token, step = request.form.get("token", ""), request.form.get("step", "")
        record, over = self._state.look(token)
        if step == "leave":
            return self._back(token)
        if over:
            return _page(closed_page(record, "This link has expired"), 410)
        # A form that was sent twice, or from a page gone back to, must not count as another attempt.
        if is_finished(record) or step != _step(record):
            return _redirect(f"?token={token}")
        return self._try(token, step, request.form.get("choice", ""))

    def _try(self, token: str, step: str, choice: str) -> Response:
        if not is_choice(step, choice):
            return _page(mistake_page("There is no such choice"), 400)
        self._state.attempt(token, step, choice)
        finished = is_finished(self._state.look(token)[0])
        return self._back(token) if finished else _redirect(f"?token={token}")

    def _back(self, token: str) -> Response:
        record, _ = self._state.look(token)
        return _redirect(with_success(record["redirect_url"], record["is_success"]))


def with_success(address: str, is_success: int) -> str:
    """`address` with is_success=0|1 after whatever query it has, before its fragment."""
    parts = urlsplit(address)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}is_success={is_success}"))


def _step(record: Record) -> str:
    return "face" if record["ocr_success"] else "ocr"


def _fault_of_link() -> dict[str, object]:
    given: dict[str, object] = {name: request.args[name] for name in _FAULT_FIELDS if name in request.args}
    for name, number in _NUMBERS.items():
        if name in given:
            given[name] = number(request.args[name])
    return given


def _page(html: str, status: int = 200) -> Response:
    # The token stands in the address: no cache keeps the page, and no other site is told where from.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def _redirect(address: str) -> Response:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status=303, headers=headers)


def _unknown_link(missing: UnknownTokenError) -> Response:
    return _page(mistake_page("This link does not exist"), 404)
