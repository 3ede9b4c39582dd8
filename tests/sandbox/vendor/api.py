"""The API that the bridge calls: create a link, get a verification."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request

from .errors import UnknownTokenError
from .fault_queue import Operation
from .faults import Call, faulty_response
from .responses import envelope, error, json_response, too_many_requests
from .state import State


def routes(state: State) -> Blueprint:
    """Returns the two routes of the vendor's specification."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/ekyc/verifications")

    @blueprint.post("")
    def create() -> Response:
        """Responds with {"status": 200, "result": {"url": …, "token": …}}."""
        return _serve(state, "create", None, lambda: _create(state))

    @blueprint.get("/<token>")
    def get(token: str) -> Response:
        """Responds with {"status": 200, "result": the record}."""
        return _serve(state, "get", token, lambda: _get(state, token))

    return blueprint


def _serve(state: State, operation: Operation, token: str | None, respond: Callable[[], Response]) -> Response:
    state.count(operation, token)
    # WSGI drops headers with an underscore, so serving.Handler passes them here.
    if not state.accepts((request.environ["vendor.client_id"], request.environ["vendor.client_secret"])):
        return error(401)
    if not state.limit.allows():
        return too_many_requests()
    fault = state.faults.take(operation, token)
    return respond() if fault is None else faulty_response(fault, Call(operation, respond, state.stopping))


def _create(state: State) -> Response:
    values, errors = _validated(_posted(request))
    if errors:
        return error(422, errors=errors)
    record = state.create(values)
    return json_response(envelope({"url": record["url"], "token": record["token"]}))


def _get(state: State, token: str) -> Response:
    try:
        return json_response(state.raw_record(token))
    except UnknownTokenError:
        return error(404)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


# The rule of each field, and the message for a value that breaks it.
_RULES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "type": (lambda text: text in ("00", "01"), "must be 00 or 01"),
    # Only the format, because the vendor does not document which codes it knows.
    "id_country": (lambda text: bool(re.fullmatch("[A-Z]{3}", text)), "must be an ISO 3166-1 alpha-3 code"),
    "id_type": (lambda text: text in ("ID_CARD", "PASSPORT"), "must be ID_CARD or PASSPORT"),
    "redirect_url": (_is_web_address, "must be an http or https address"),
}


def _posted(request: Request) -> dict[str, object]:
    """Returns the fields of a JSON object or a form. Any other body has no fields."""
    if not request.is_json:
        return dict(request.form.items())
    parsed = request.get_json(silent=True)
    return parsed if isinstance(parsed, dict) else {}


def _validated(fields: dict[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the valid fields, and the messages of missing or bad fields by name."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, (holds, rule) in _RULES.items():
        value = fields.get(name)
        if value is None:
            errors[name] = "is required"
        elif not isinstance(value, str) or not holds(value):
            errors[name] = rule
        else:
            values[name] = value
    return values, errors
