"""All functions in this one process, called as Lambda calls them: JSON in, JSON out, a context."""

import importlib
import importlib.util
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .aws import ACCOUNT_ID, region
from .stack import Function

Handler = Callable[[Any, Any], Any]

# Bytes of an event or an answer that Lambda takes in a synchronous call.
PAYLOAD_LIMIT = 6 * 1024 * 1024


class FunctionError(Exception):
    """The handler raised, answered what is no JSON, or took too long; the cause says which."""


class PayloadTooLargeError(Exception):
    """The event is larger than PAYLOAD_LIMIT."""


class LambdaContext:
    """What a handler gets as its second argument."""

    function_version = "$LATEST"
    log_stream_name = "sandbox"
    identity = None
    client_context = None

    def __init__(self, function: Function, stack_name: str) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = f"{stack_name}-{function.name}"
        # Lambda's own runtime has a string here.
        self.memory_limit_in_mb = str(function.memory)
        self.invoked_function_arn = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{self.function_name}"
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self._ends_at = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the call."""
        return max(0, round((self._ends_at - time.monotonic()) * 1000))


class Functions:
    """The loaded handlers.

    Args:
        functions: by logical id. Their code is loaded here, so their environment must stand by now.
        layers: folders to import from.
    """

    def __init__(self, functions: Mapping[str, Function], layers: list[Path], stack_name: str) -> None:
        for layer in map(str, layers):
            if layer not in sys.path:
                sys.path.insert(0, layer)
        self.forget()
        self._functions = dict(functions)
        self._stack_name = stack_name
        self._handlers = {name: _load(function) for name, function in functions.items()}

    def forget(self) -> None:
        """What the handlers keep between calls, secrets for one, they fetch again, as after a cold start."""
        importlib.import_module("bridge.dependencies").dependencies.cache_clear()

    def invoke(self, name: str, event: Any) -> Any:
        """What a function answers to an event.

        Args:
            name: its logical id.

        Raises:
            FunctionError: Lambda would report an error.
            PayloadTooLargeError: the event is too large for Lambda.
        """
        payload = json.dumps(event)
        if len(payload) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(name)
        context = LambdaContext(self._functions[name], self._stack_name)
        try:
            # json refuses what Lambda's runtime refuses: a Decimal, a datetime.
            answer = json.dumps(self._handlers[name](json.loads(payload), context))
        except Exception as error:
            raise FunctionError(name) from error
        if len(answer) > PAYLOAD_LIMIT:
            raise FunctionError(name) from ValueError("the answer is too large for Lambda")
        if not context.get_remaining_time_in_millis():
            # Lambda would have ended it. A thread cannot be ended, but its answer comes too late.
            raise FunctionError(name) from TimeoutError("the function took longer than its timeout")
        return json.loads(answer)


def merged(functions: Mapping[str, Function]) -> dict[str, str]:
    """One environment for all functions, as they share a process.

    Raises:
        ValueError: two functions want different values of a variable.
    """
    together: dict[str, str] = {}
    for function in functions.values():
        for name, value in function.environment.items():
            if together.setdefault(name, value) != value:
                raise ValueError(f"{function.name} wants another value of {name} than other functions")
    return together


def _load(function: Function) -> Handler:
    """What "app.lambda_handler" names, from a module of its own, for every file is called app.py."""
    file, _, name = function.handler.rpartition(".")
    path = function.code / f"{file}.py"
    spec = importlib.util.spec_from_file_location(f"sandbox_{function.name}_{uuid.uuid4().hex[:8]}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module can be loaded from {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, name)
    return handler
