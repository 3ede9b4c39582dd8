"""AWS clients that record their calls and fail on demand."""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.validate import ParamValidator

from bridge.aws import clients
from tests import recording


class Aws:
    """Clients of the sandbox's AWS that record their calls (`dynamodb.PutItem`), and fail on demand."""

    def __init__(self, resources: Mapping[str, str]) -> None:
        """`resources`: physical ids, by logical id."""
        self._resources = resources
        self._clients: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        # Each Powertools provider that a test makes adds a handler to this client; thousands would slow every call.
        self._clients.pop("secretsmanager", None)
        self.calls: list[str] = []
        self._refused: list[str] = []
        self._denied: dict[str, str] = {}
        self._lost: list[str] = []
        self._first: dict[str, Callable[[], object]] = {}
        self._at: dict[int, Callable[[], object]] = {}

    def assert_all_faults_met(self) -> None:
        """Fails if a fault was set up and no call met it, for example because it names another call."""
        unmet = [*self._refused, *self._denied, *self._lost, *self._first, *self._at]
        assert not unmet, f"no call met these faults: {unmet}"

    def client(self, service: str) -> Any:
        if service not in self._clients:
            # A busy machine may be slow, and no test here is about AWS's timeouts.
            patient = clients._config(service).merge(Config(connect_timeout=60, read_timeout=60))
            self._clients[service] = made = boto3.client(service, config=patient)
            made.meta.events.register("before-parameter-build", _validate)
            recording.record_calls(made, self._resources)
            # Not the service name in botocore's event names, which is `eventbridge` for `events`.
            made.meta.events.register("before-call", lambda model, **_: self._before(f"{service}.{model.name}"))
            made.meta.events.register("after-call", lambda model, **_: self._after(f"{service}.{model.name}"))
        return self._clients[service]

    def refuse(self, call: str, times: int = 1) -> None:
        """The next calls fail to connect, and AWS does nothing."""
        self._refused += [call] * times

    def deny(self, call: str, code: str = "AccessDeniedException") -> None:
        """The next call gets this error code, and AWS does nothing."""
        self._denied[call] = code

    def lose_response(self, call: str) -> None:
        """AWS executes the next call, and its response is lost."""
        self._lost.append(call)

    def before_next(self, call: str, action: Callable[[], object]) -> None:
        """Runs `action` just before the next such call."""
        self._first[call] = action

    def before_call(self, number: int, action: Callable[[], object]) -> None:
        """Runs `action` just before the call with that number, counted from now on, beginning with 1."""
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
    """Validates parameters against AWS's models, which the functions' clients skip."""
    report = ParamValidator().validate(params, model.input_shape)
    assert not report.has_errors(), report.generate_report()
