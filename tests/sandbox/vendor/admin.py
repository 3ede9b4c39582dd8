"""The admin API for tests and developers. It needs no credentials, because it listens on this machine only."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .errors import UnknownNameError, UnknownTokenError
from .fault_queue import parse_fault
from .responses import json_response
from .state import State


def routes(state: State) -> Blueprint:
    """Returns the routes under /admin. An unknown name gets a 400 that lists all names."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    _add_changes(blueprint, state)

    @blueprint.get("/verifications")
    def tokens() -> Response:
        return jsonify(tokens=state.tokens())

    @blueprint.get("/verifications/<token>")
    def raw_record(token: str) -> Response:
        """Responds with the bytes that the API would return now, without counting a call."""
        return json_response(state.raw_record(token))

    @blueprint.get("/calls")
    def calls() -> Response:
        """{"create": n, "get": n, "by_token": {token: n}, "unauthorized": n}"""
        return jsonify(state.calls())

    return blueprint


def _add_changes(blueprint: Blueprint, state: State) -> None:
    @blueprint.post("/faults")
    def add_fault() -> Response:
        """{"fault": …, "on": …, "times": …, …} applies to the next calls."""
        state.queue(parse_fault(_body()))
        return jsonify(ok=True)

    @blueprint.delete("/faults")
    def clear_faults() -> Response:
        state.clear_faults()
        return jsonify(ok=True)

    @blueprint.post("/verifications/<token>")
    def play(token: str) -> Response:
        """{"outcome": …, "fault": …}, either or both. The fault applies to the next GET of this token."""
        body = _body()
        if not body.keys() & {"outcome", "fault"}:
            raise ValueError("outcome or fault is required")
        outcome = body.pop("outcome", None)
        state.play_with_fault(token, outcome, body)
        return jsonify(ok=True)

    @blueprint.post("/credentials")
    def rotate() -> Response:
        """{"client_id": …, "client_secret": …} replace the accepted credentials."""
        body = _body()
        client_id, client_secret = body.get("client_id"), body.get("client_secret")
        if not isinstance(client_id, str) or not isinstance(client_secret, str):
            raise ValueError("client_id and client_secret are required")
        state.rotate(client_id, client_secret)
        return jsonify(ok=True)

    @blueprint.post("/reset")
    def reset() -> Response:
        state.reset()
        return jsonify(ok=True)


def bad_request(error: ValueError) -> tuple[Response, int]:
    """Returns the 400 for a bad outcome, fault or field."""
    names = error.names if isinstance(error, UnknownNameError) else None
    return jsonify(message=str(error), names=names), 400


def not_found(error: UnknownTokenError) -> tuple[Response, int]:
    """Returns the 404 for an unknown token."""
    return jsonify(message="there is no verification with this token"), 404


def _body() -> dict[str, Any]:
    parsed = request.get_json(force=True, silent=True)
    if not isinstance(parsed, dict):
        raise ValueError("a JSON object is required")
    return parsed
