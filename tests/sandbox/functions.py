"""All functions in this process, with the same environment variables.

Several threads call functions at the same time. As with Lambda, an execution environment serves one call at a time.
Here it is one instance of the module app.py. All of them share the package `bridge`, with all that it caches.
"""

import copy
import importlib
import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from . import lambda_runner
from .lambda_runner import Function, FunctionError, LambdaContext

__all__ = ["FunctionError", "Functions"]

Handler = Callable[[Any, Any], Any]


class Functions:
    """The loaded handlers.

    Args:
        functions: the functions by logical id. Set their environment variables first, because this loads their code.
        layers: the folders of the layers.
    """

    def __init__(self, functions: Mapping[str, Function], layers: list[Path]) -> None:
        sys.path[:0] = [layer for layer in map(str, layers) if layer not in sys.path]
        self.clear_caches()
        importlib.import_module("bridge.observability").logger.registered_handler.__class__ = _LogHandler
        self._functions = dict(functions)
        # The handlers of the execution environments that serve no call now, by function.
        self._idle = {name: [_start(function)] for name, function in functions.items()}

    def clear_caches(self) -> None:
        """Makes handlers fetch cached values such as secrets again, as after a cold start."""
        importlib.import_module("bridge.dependencies").dependencies.cache_clear()

    def invoke(self, name: str, event: Any) -> Any:
        """Calls a function by its logical id. Raises FunctionError and PayloadTooLargeError."""
        function, idle = self._functions[name], self._idle[name]
        try:
            handler = idle.pop()
        except IndexError:
            handler = _start(function)
        ends_at = time.monotonic() + function.timeout
        context = LambdaContext(function, str(uuid.uuid4()), lambda: ends_at - time.monotonic())
        try:
            return lambda_runner.call(handler, event, context)
        finally:
            idle.append(handler)


class _LogHandler(logging.StreamHandler[TextIO]):
    """Powertools keeps the request id in the formatter, which all environments share. Here each thread has its own."""

    _own = threading.local()

    @property
    def formatter(self) -> logging.Formatter | None:
        if not vars(self._own):
            self._own.formatter = copy.copy(vars(self)["formatter"])
        own: logging.Formatter | None = self._own.formatter
        return own

    @formatter.setter
    def formatter(self, formatter: logging.Formatter | None) -> None:
        self._own.formatter = formatter


def _start(function: Function) -> Handler:
    """Starts an execution environment, and returns its handler."""
    module = lambda_runner.load(function)
    handler, app = lambda_runner.handler(function, module), vars(module).get("app")
    if app is None:
        return handler

    def handle(event: Any, context: Any) -> Any:
        # Powertools sets this on a class that all threads share. An attribute of the instance takes precedence.
        app.current_event = APIGatewayProxyEventV2(event)
        return handler(event, context)

    return handle
