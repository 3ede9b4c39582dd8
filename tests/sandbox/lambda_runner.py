"""AWS Lambda's part, for the sandbox and the simulation: how code is loaded, what a handler gets, and what its result
means."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .aws import ACCOUNT_ID, region

# Bytes of an event or a result that Lambda takes in a synchronous call.
PAYLOAD_LIMIT = 6 * 1024 * 1024


class FunctionError(Exception):
    """The handler raised, returned what is no JSON, or took too long; the cause says which."""


class PayloadTooLargeError(Exception):
    """The event is larger than PAYLOAD_LIMIT."""


@dataclass(frozen=True, slots=True)
class Function:
    """`name` is the logical id; `code` a folder; `timeout` in seconds, `memory` in MB."""

    name: str
    code: Path
    handler: str
    timeout: int
    memory: int
    environment: dict[str, str]


class LambdaContext:
    """What a handler gets as its second argument. `remaining` gives the seconds until Lambda ends the call."""

    function_version = "$LATEST"
    log_stream_name = "sandbox"
    identity = None
    client_context = None

    def __init__(self, function: Function, request_id: str, remaining: Callable[[], float]) -> None:
        self.aws_request_id = request_id
        self.function_name = f"ekyc-bridge-{function.name}"
        # Lambda's own runtime has a string here.
        self.memory_limit_in_mb = str(function.memory)
        self.invoked_function_arn = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{self.function_name}"
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the call."""
        return max(0, round(self._remaining() * 1000))


def load(function: Function) -> ModuleType:
    """A module of its own for the code of a function, as each execution environment has one."""
    path = function.code / f"{function.handler.rpartition('.')[0]}.py"
    module = ModuleType(f"{function.name}.app")
    module.__file__ = str(path)
    exec(_compiled(path), module.__dict__)
    return module


@cache
def _compiled(path: Path) -> CodeType:
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


def handler(function: Function, module: ModuleType) -> Callable[[Any, Any], Any]:
    """What "app.lambda_handler" names in the module."""
    named: Callable[[Any, Any], Any] = getattr(module, function.handler.rpartition(".")[2])
    return named


def call(handle: Callable[[Any, Any], Any], event: Any, context: LambdaContext) -> Any:
    """What a handler returns for an event, both as JSON.

    Raises:
        FunctionError: Lambda would report an error.
        PayloadTooLargeError: the event is too large for Lambda.
    """
    payload = json.dumps(event)
    if len(payload) > PAYLOAD_LIMIT:
        raise PayloadTooLargeError(context.function_name)
    try:
        # json refuses what Lambda's runtime refuses: a Decimal, a datetime.
        result = json.dumps(handle(json.loads(payload), context))
    except Exception as error:
        raise FunctionError(context.function_name) from error
    if len(result) > PAYLOAD_LIMIT:
        raise FunctionError(context.function_name) from ValueError("the result is too large for Lambda")
    if not context.get_remaining_time_in_millis():
        # Lambda would have ended it. A thread cannot be ended, but its result comes too late.
        raise FunctionError(context.function_name) from TimeoutError("the function took longer than its timeout")
    return json.loads(result)


def succeeded(ids: Collection[str], result: Any) -> set[str]:
    """The messages of a batch that a result {"batchItemFailures": [{"itemIdentifier": id}]} does not name.

    As with Lambda, nothing named means that all succeeded, and a result that makes no sense that none did.
    """
    if not result or not result.get("batchItemFailures"):
        return set(ids)
    failed = {failure.get("itemIdentifier") for failure in result["batchItemFailures"]}
    return set(ids) - failed if failed <= set(ids) else set()


def merged(functions: Mapping[str, Function]) -> dict[str, str]:
    """One environment for all functions, as those of the sandbox share a process.

    Raises:
        ValueError: two functions want different values of a variable.
    """
    together: dict[str, str] = {}
    for function in functions.values():
        for name, value in function.environment.items():
            if together.setdefault(name, value) != value:
                raise ValueError(f"{function.name} wants another value of {name} than other functions")
    return together
