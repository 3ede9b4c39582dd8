"""All functions in this one process, under one environment."""

import importlib
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import lambda_runner
from .lambda_runner import Function, FunctionError, LambdaContext

__all__ = ["FunctionError", "Functions"]


class Functions:
    """The loaded handlers.

    Args:
        functions: by logical id. Their code is loaded here, so their environment must be set by now.
        layers: folders to import from.
    """

    def __init__(self, functions: Mapping[str, Function], layers: list[Path]) -> None:
        sys.path[:0] = [layer for layer in map(str, layers) if layer not in sys.path]
        self.clear_caches()
        self._functions = dict(functions)
        self._handlers = {
            name: lambda_runner.handler(function, lambda_runner.load(function)) for name, function in functions.items()
        }

    def clear_caches(self) -> None:
        """Handlers fetch again what they keep between calls, secrets for one, as after a cold start."""
        importlib.import_module("bridge.dependencies").dependencies.cache_clear()

    def invoke(self, name: str, event: Any) -> Any:
        """The result of a function, by its logical id. Raises FunctionError and PayloadTooLargeError."""
        function = self._functions[name]
        ends_at = time.monotonic() + function.timeout
        context = LambdaContext(function, str(uuid.uuid4()), lambda: ends_at - time.monotonic())
        return lambda_runner.call(self._handlers[name], event, context)
