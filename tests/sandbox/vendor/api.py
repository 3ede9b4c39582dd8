"""The API that the bridge calls: make a link, get a verification."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request

from .errors import UnknownTokenError
from .fault_queue import Operation
from .faults import Call, misbehave
from .responses import envelope, error, json_response, too_many_requests
from .state import State


def routes(state: State) -> Blueprint:
    """The two routes of the vendor's specification."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/ekyc/verifications")

    @blueprint.post("")
    def create() -> Response:
        """{"status": 200, "result": {"url": …, "token": …}}"""
        return _serve(state, "create", None, lambda: _create(state))

    @blueprint.get("/<token>")
    def get(token: str) -> Response:
        """{"status": 200, "result": the record}"""
        return _serve(state, "get", token, lambda: _get(state, token))

    return blueprint


def _serve(state: State, operation: Operation, token: str | None, respond: Callable[[], Response]) -> Response:
    state.count(operation, token)
    # The underscored headers come past WSGI: see serving.Handler.
    if not state.accepts((request.environ["vendor.client_id"], request.environ["vendor.client_secret"])):
        return error(401)
    if not state.limit.allows():
        return too_many_requests()
    fault = state.faults.take(operation, token)
    return respond() if fault is None else misbehave(fault, Call(operation, respond, state.stopping))


def _create(state: State) -> Response:
    values, mistakes = _validated(_posted(request))
    if mistakes:
        return error(422, errors=mistakes)
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


# Each field with its rule, and the message when it is broken.
_RULES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "type": (lambda text: text in ("00", "01"), "must be 00 or 01"),
    # The shape only: which codes the vendor knows is not documented.
    "id_country": (lambda text: bool(re.fullmatch("[A-Z]{3}", text)), "must be an ISO 3166-1 alpha-3 code"),
    "id_type": (lambda text: text in ("ID_CARD", "PASSPORT"), "must be ID_CARD or PASSPORT"),
    "redirect_url": (_is_web_address, "must be an http or https address"),
}


def _posted(request: Request) -> dict[str, object]:
    """The fields of a JSON object or of a form; anything else holds no fields."""
    if not request.is_json:
        return dict(request.form.items())
    parsed = request.get_json(silent=True)
    return parsed if isinstance(parsed, dict) else {}


def _validated(fields: dict[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """The vendor's four fields, and the mistakes, each by the name of its field."""
    values: dict[str, str] = {}
    mistakes: dict[str, str] = {}
    for name, (holds, rule) in _RULES.items():
        value = fields.get(name)
        if value is None:
            mistakes[name] = "is required"
        elif not isinstance(value, str) or not holds(value):
            mistakes[name] = rule
        else:
            values[name] = value
    return values, mistakes
