"""The API that the bridge calls: make a link, get a verification."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from .answers import envelope, error, json_answer, too_many_requests
from .body import posted_fields, validated
from .faults import Call, misbehave
from .state import State, UnknownTokenError
from .waiting import Operation


class Api:
    """Its routes over one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def blueprint(self) -> Blueprint:
        """The two routes of the vendor's specification."""
        routes = Blueprint("api", __name__, url_prefix="/api/ekyc/verifications")
        routes.add_url_rule("", view_func=self.create, methods=["POST"])
        routes.add_url_rule("/<token>", view_func=self.get, methods=["GET"])
        return routes

    def create(self) -> Response:
        """POST: {"status": 200, "result": {"url": …, "token": …}}."""
        return self._serve("create", None, self._create)

    def get(self, token: str) -> Response:
        """GET: {"status": 200, "result": the record}."""
        return self._serve("get", token, lambda: self._get(token))

    def _serve(self, operation: Operation, token: str | None, answer: Callable[[], Response]) -> Response:
        self._state.count(operation, token)
        # The underscored headers come past WSGI: see serving.Handler.
        given = (request.environ["vendor.client_id"], request.environ["vendor.client_secret"])
        if not self._state.accepts(given):
            return error(401)
        if not self._state.limit.allows():
            return too_many_requests()
        fault = self._state.faults.take(operation, token)
        if fault is None:
            return answer()
        return misbehave(fault, Call(operation, answer, self._state.stopping))

    def _create(self) -> Response:
        values, faults = validated(posted_fields(request))
        if faults:
            return error(422, errors=faults)
        record = self._state.create(values)
        return json_answer(envelope({"url": record["url"], "token": record["token"]}))

    def _get(self, token: str) -> Response:
        try:
            return json_answer(self._state.raw_record(token))
        except UnknownTokenError:
            return error(404)
