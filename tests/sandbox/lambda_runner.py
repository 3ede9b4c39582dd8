"""AWS Lambda for the sandbox and the simulation: loads code, calls handlers, and reads their results."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .aws import ACCOUNT_ID, region

# The most bytes of an event or a result of a synchronous call.
PAYLOAD_LIMIT = 6 * 1024 * 1024


class FunctionError(Exception):
    """The handler raised an error, returned no JSON, or took too long. The cause says which."""


class PayloadTooLargeError(Exception):
    """The event is larger than PAYLOAD_LIMIT."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `name` is its logical id, `code` a folder, `timeout` in seconds, `memory` in MB."""

    name: str
    code: Path
    handler: str
    timeout: int
    memory: int
    environment: dict[str, str]


class LambdaContext:
    """The second argument of a handler. `remaining` returns the seconds until the timeout."""

    function_version = "$LATEST"
    log_stream_name = "sandbox"
    identity = None
    client_context = None

    def __init__(self, function: Function, request_id: str, remaining: Callable[[], float]) -> None:
        self.aws_request_id = request_id
        self.function_name = f"ekyc-bridge-{function.name}"
        # A string, as in Lambda's runtime.
        self.memory_limit_in_mb = str(function.memory)
        self.invoked_function_arn = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{self.function_name}"
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        """Returns the milliseconds until the timeout."""
        return max(0, round(self._remaining() * 1000))


def load(function: Function) -> ModuleType:
    """Returns a new module with the code of a function, as each execution environment has its own."""
    path = function.code / f"{function.handler.rpartition('.')[0]}.py"
    module = ModuleType(f"{function.name}.app")
    module.__file__ = str(path)
    exec(_compiled(path), module.__dict__)
    return module


@cache
def _compiled(path: Path) -> CodeType:
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


def handler(function: Function, module: ModuleType) -> Callable[[Any, Any], Any]:
    """Returns the module's function that the template names, such as "app.lambda_handler"."""
    named: Callable[[Any, Any], Any] = getattr(module, function.handler.rpartition(".")[2])
    return named


def call(handle: Callable[[Any, Any], Any], event: Any, context: LambdaContext) -> Any:
    """Calls a handler, and returns its result. Event and result pass through JSON, as on Lambda.

    Raises:
        FunctionError: Lambda would report an error.
        PayloadTooLargeError: the event is too large for Lambda.
    """
    payload = json.dumps(event)
    if len(payload) > PAYLOAD_LIMIT:
        raise PayloadTooLargeError(context.function_name)
    try:
        # json rejects what Lambda's runtime rejects, such as a Decimal or a datetime.
        result = json.dumps(handle(json.loads(payload), context))
    except Exception as error:
        raise FunctionError(context.function_name) from error
    if len(result) > PAYLOAD_LIMIT:
        raise FunctionError(context.function_name) from ValueError("the result is too large for Lambda")
    if not context.get_remaining_time_in_millis():
        # Lambda ends the call at the timeout. A thread cannot be ended, so its late result counts as an error.
        raise FunctionError(context.function_name) from TimeoutError("the function took longer than its timeout")
    return json.loads(result)


def succeeded(ids: Collection[str], result: Any) -> set[str]:
    """Returns the messages that a result {"batchItemFailures": [{"itemIdentifier": id}]} does not list as failed.

    As with Lambda, an empty list means that all succeeded, and a list with an unknown id means that all failed.
    """
    if not result or not result.get("batchItemFailures"):
        return set(ids)
    failed = {failure.get("itemIdentifier") for failure in result["batchItemFailures"]}
    return set(ids) - failed if failed <= set(ids) else set()


def merged_environment(functions: Mapping[str, Function]) -> dict[str, str]:
    """Returns the variables of all functions, which share a process in the sandbox.

    Raises:
        ValueError: two functions have different values for a variable.
    """
    together: dict[str, str] = {}
    for function in functions.values():
        for name, value in function.environment.items():
            if together.setdefault(name, value) != value:
                raise ValueError(f"{function.name} has another value of {name} than other functions")
    return together
