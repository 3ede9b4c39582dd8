"""What the integration tests have in common: time moved by hand, AWS that fails on demand, functions called."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.validate import ParamValidator

from bridge.aws import clients
from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain.caller import READ_ALL, SCOPES, Caller
from bridge.domain.verification import LinkRequest, Verification
from bridge.use_cases.complete import Checked, check_on_schedule
from bridge.use_cases.create import create
from bridge.use_cases.finalize import finalize
from tests import recording
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.vendor import FakeVendor

PRINCIPAL = "web"
CALLER = Caller(PRINCIPAL, SCOPES, "abcd")
# All that a caller may do with its own verifications.
OWN_SCOPES = tuple(scope for scope in SCOPES if scope != READ_ALL)
REDIRECT_URL = "http://localhost:5173/welcome?tab=1#top"
WANTED: dict[str, Any] = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": REDIRECT_URL}


class Clock:
    """The bridge's time. The vendor's is another: nothing may hang on both being the same."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    @property
    def epoch(self) -> int:
        return int(self.time.timestamp())

    def go_to(self, epoch: int) -> None:
        self.time = datetime.fromtimestamp(epoch, UTC)


class Aws:
    """Clients of the sandbox's AWS, whose calls (`dynamodb.PutItem`) are noted, and fail when a test says so."""

    def __init__(self, resources: Mapping[str, str]) -> None:
        """`resources`: physical ids, by logical id."""
        self._resources = resources
        self._clients: dict[str, Any] = {}
        self.forget()

    def forget(self) -> None:
        # Powertools adds a handler to the client of each provider that a test makes; thousands would slow every call.
        self._clients.pop("secretsmanager", None)
        self.calls: list[str] = []
        self._refused: list[str] = []
        self._denied: dict[str, str] = {}
        self._lost: list[str] = []
        self._first: dict[str, Callable[[], object]] = {}
        self._at: dict[int, Callable[[], object]] = {}

    def check_nothing_awaited(self) -> None:
        """A fault that no call met would show nothing: it is for a call of another name, say."""
        unmet = [*self._refused, *self._denied, *self._lost, *self._first, *self._at]
        assert not unmet, f"set up and never met: {unmet}"

    def client(self, service: str) -> Any:
        if service not in self._clients:
            # Of no test here is time the subject, and a busy machine may take longer than a person would wait.
            patient = clients._config(service).merge(Config(connect_timeout=60, read_timeout=60))
            self._clients[service] = made = boto3.client(service, config=patient)
            made.meta.events.register("before-parameter-build", _validate)
            recording.watch(made, self._resources)
            # Not by the names in botocore's events, which calls the service of `events` eventbridge.
            made.meta.events.register("before-call", lambda model, **_: self._before(f"{service}.{model.name}"))
            made.meta.events.register("after-call", lambda model, **_: self._after(f"{service}.{model.name}"))
        return self._clients[service]

    def refuse(self, call: str, times: int = 1) -> None:
        """The next calls find no server; nothing is done."""
        self._refused += [call] * times

    def deny(self, call: str, code: str = "AccessDeniedException") -> None:
        """The next call gets this error from the service; nothing is done."""
        self._denied[call] = code

    def lose_response(self, call: str, times: int = 1) -> None:
        """The next calls are done, and their responses are lost on the way."""
        self._lost += [call] * times

    def before_next(self, call: str, action: Callable[[], object]) -> None:
        """Something else happens just before the next such call."""
        self._first[call] = action

    def before_call(self, number: int, action: Callable[[], object]) -> None:
        """Something else happens just before the call of that number, counted from now on, beginning with 1."""
        self._at[len(self.calls) + number] = action

    def _before(self, call: str) -> None:
        self.calls.append(call)
        if action := self._at.pop(len(self.calls), None):
            action()
        if action := self._first.pop(call, None):
            action()
        if code := self._denied.pop(call, None):
            raise ClientError({"Error": {"Code": code, "Message": "canary-of-aws"}}, call.partition(".")[2])
        if call in self._refused:
            self._refused.remove(call)
            raise EndpointConnectionError(endpoint_url="https://nowhere.example")

    def _after(self, call: str) -> None:
        if call in self._lost:
            self._lost.remove(call)
            raise ReadTimeoutError(endpoint_url="https://nowhere.example")


def _validate(params: Any, model: Any, **_: Any) -> None:
    """The functions' clients do not hold requests against AWS's models; here they are."""
    report = ParamValidator().validate(params, model.input_shape)
    assert not report.has_errors(), report.generate_report()


@dataclass(frozen=True, slots=True)
class Response:
    """What a function answered; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Functions:
    """The functions behind the API, called with the events that API Gateway makes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        principal: str = PRINCIPAL,
        scopes: Sequence[str] = OWN_SCOPES,
        query: Mapping[str, str] | None = None,
        base64: bool = False,
    ) -> Response:
        """A call with a key; `body` is a value for JSON, a text as it is, or bytes, which go in base64.

        With `base64` the event says so of a text, too.
        """
        event = http_event(method, path, query)
        event["requestContext"]["authorizer"] = {
            "lambda": {"principal": principal, "scopes": " ".join(scopes), "key_id": "abcd"}
        }
        event["headers"] |= {"content-type": "application/json"} | dict(headers or {})
        if isinstance(body, bytes):
            event |= {"body": b64encode(body).decode(), "isBase64Encoded": True}
        elif body is not None:
            event |= {"body": body if isinstance(body, str) else json.dumps(body), "isBase64Encoded": base64}
        return self._call("VerificationsFunction", event)

    def browser(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
    ) -> Response:
        """A person's browser, at the public routes."""
        event = http_event(method, path, query)
        event["headers"].update(headers or {})
        return self._call("RedirectFunction", event)

    def _call(self, function: str, event: dict[str, Any]) -> Response:
        response = self._sandbox.invoke(function, event)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Response(response["statusCode"], headers, response["body"])


def http_event(method: str, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Payload format 2.0."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {},
        "requestContext": {
            "domainName": "api.example.com",
            "http": {"method": method, "path": path},
            "requestId": "request-1",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
    return event


def new(deps: Dependencies, *, key: str | None = None, principal: str = PRINCIPAL, **changes: Any) -> Verification:
    """A verification, just created."""
    request = LinkRequest(**WANTED | changes)
    return create(deps, principal, request, idempotency_key=key, base_url="https://api.example.com").verification


@dataclass(frozen=True, slots=True)
class World:
    """A running bridge and the moves that tests make in it; all of it is there as fixtures, too."""

    sandbox: Sandbox
    deps: Dependencies
    functions: Functions
    stored: StoredState
    aws: Aws
    clock: Clock

    @property
    def vendor(self) -> FakeVendor:
        return self.sandbox.vendor

    def new(self, outcome: str | None = None, **changes: Any) -> Verification:
        """A verification, just created; with an `outcome`, that has happened at the vendor already."""
        verification = new(self.deps, **changes)
        if outcome:
            self.play(verification, outcome)
        return verification

    def play(self, verification: Verification, outcome: str) -> None:
        self.vendor.play(token_of(verification), outcome)

    def returns(self, verification: Verification) -> Response:
        """The person's browser comes back from the vendor."""
        return self.functions.browser(return_path(verification))

    def read(self, verification: Verification) -> Any:
        return self.functions.api("GET", f"/verifications/{verification.id}").json

    def read_result(self, verification: Verification) -> Response:
        return self.functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    def refresh(self, verification: Verification) -> Response:
        return self.functions.api("POST", f"/verifications/{verification.id}/refresh")

    def redact(self, verification: Verification) -> Response:
        return self.functions.api("POST", f"/verifications/{verification.id}/redact")

    def check(self, verification: Verification) -> Checked:
        """A check that counts whenever it comes, as by an operator's message."""
        return check_on_schedule(self.deps, verification.id, None)

    def finalize(self, verification: Verification, due_at: int | None = None) -> None:
        """A message from the queue; without `due_at`, an operator's."""
        finalize(self.deps, DueMessage(verification.id, due_at))

    def row(self, verification: Verification) -> dict[str, Any]:
        return self.stored.row(verification.id)

    def due_at(self, verification: Verification) -> int:
        return self.stored.due()[verification.id]

    def sweep_and_drain(self) -> int:
        """A sweep, and all that it sent is worked off; how many messages those were."""
        self.sandbox.sweep_now()
        return self.sandbox.drain_queue()


def parts(world: World) -> dict[str, Any]:
    """What a world is made of, for one with more moves."""
    return {each.name: getattr(world, each.name) for each in fields(world)}


def free() -> None:
    """The permit of a vendor call that no rate limit holds back."""


def return_path(verification: Verification) -> str:
    return f"/return/{verification.id}/{verification.code}"


def token_of(verification: Verification) -> str:
    assert verification.token is not None
    return verification.token
