"""The switches for tests and for a curious developer; no credentials, for it listens on this machine only."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .answers import json_answer
from .orders import parse_fault, play_with_fault
from .state import State, UnknownTokenError
from .table import UnknownNameError


class Admin:
    """Its routes over one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def blueprint(self) -> Blueprint:
        """All under /admin; a mistake is a 400 that says what would have been understood."""
        routes = Blueprint("admin", __name__, url_prefix="/admin")
        routes.add_url_rule("/faults", view_func=self.add_fault, methods=["POST"])
        routes.add_url_rule("/faults", view_func=self.clear_faults, methods=["DELETE"])
        routes.add_url_rule("/verifications", view_func=self.tokens)
        routes.add_url_rule("/verifications/<token>", view_func=self.play, methods=["POST"])
        routes.add_url_rule("/verifications/<token>", view_func=self.raw_record)
        routes.add_url_rule("/calls", view_func=self.calls)
        routes.add_url_rule("/credentials", view_func=self.rotate, methods=["POST"])
        routes.add_url_rule("/reset", view_func=self.reset, methods=["POST"])
        return routes

    def add_fault(self) -> Response:
        """POST {"fault": …, "on": …, "times": …, …}: wait for the next calls."""
        self._state.queue(parse_fault(_body()))
        return jsonify(ok=True)

    def clear_faults(self) -> Response:
        """DELETE: no fault waits any more."""
        self._state.faults.clear()
        return jsonify(ok=True)

    def tokens(self) -> Response:
        """GET: {"tokens": […]}, oldest first."""
        return jsonify(tokens=self._state.tokens())

    def play(self, token: str) -> Response:
        """POST {"outcome": …, "fault": …}, either or both; the fault strikes the next GET of this token."""
        body = _body()
        if not body.keys() & {"outcome", "fault"}:
            raise ValueError("outcome or fault is required")
        fault = {name: value for name, value in body.items() if name != "outcome"}
        play_with_fault(self._state, token, body.get("outcome"), fault)
        return jsonify(ok=True)

    def raw_record(self, token: str) -> Response:
        """GET: exactly the bytes that the API would answer now, without counting a call."""
        return json_answer(self._state.raw_record(token))

    def calls(self) -> Response:
        """GET: {"create": n, "get": n, "by_token": {token: n}, "unauthorized": n}."""
        return jsonify(self._state.calls())

    def rotate(self) -> Response:
        """POST {"client_id": …, "client_secret": …}: only these are accepted from now on."""
        body = _body()
        client_id, client_secret = body.get("client_id"), body.get("client_secret")
        if not isinstance(client_id, str) or not isinstance(client_secret, str):
            raise ValueError("client_id and client_secret are required")
        self._state.rotate(client_id, client_secret)
        return jsonify(ok=True)

    def reset(self) -> Response:
        """POST: as new."""
        self._state.reset()
        return jsonify(ok=True)


def classify(mistake: ValueError) -> tuple[Response, int]:
    """The 400 of a mistaken outcome, fault or field."""
    names = mistake.names if isinstance(mistake, UnknownNameError) else None
    return jsonify(message=str(mistake), names=names), 400


def not_found(missing: UnknownTokenError) -> tuple[Response, int]:
    """The 404 of a token that no link has."""
    return jsonify(message="there is no verification with this token"), 404


def _body() -> dict[str, Any]:
    parsed = request.get_json(force=True, silent=True)
    if not isinstance(parsed, dict):
        raise ValueError("a JSON object is required")
    return parsed
