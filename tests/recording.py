"""Records the AWS calls that functions make in integration tests; tests/policies checks them."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from tests.calls import Call, calls

_ROOT = Path(__file__).parents[1]
_FUNCTIONS = _ROOT / "functions"
_USE_CASES = _ROOT / "layers/bridge/bridge/use_cases"
_TESTS = _ROOT / "tests/integration"

# Each call names its resource by logical id.
RECORDED: set[Call] = set()


def record_calls(client: Any, resources: Mapping[str, str]) -> None:
    """Records the calls of a boto3 client. `resources`: physical ids, by logical id.

    botocore emits this event once per call, not per attempt, and for presigned URLs too.
    """

    def record(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if function := _running_function():
            for call in calls(function, model.service_model.service_name, model.name, params):
                RECORDED.update(_by_logical_id(call, resources))

    client.meta.events.register("before-parameter-build", record)


def _by_logical_id(call: Call, resources: Mapping[str, str]) -> Iterator[Call]:
    """Yields the call with the logical id of its resource, if the stack has that resource."""
    for logical, physical in resources.items():
        if call.resource == physical or call.resource.startswith(f"{physical}/"):
            yield Call(call.function, call.action, logical + call.resource.removeprefix(physical), call.context)


def _running_function() -> str | None:
    """Returns the function that is running: that of the innermost handler, or of a use case that only it imports.

    Returns None if a test comes first in the stack, because it calls a shared use case or the store directly.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.parent.parent == _FUNCTIONS:
            return path.parent.name
        if path.parent == _USE_CASES and len(functions := _functions_by_use_case().get(path.stem, [])) == 1:
            return functions[0]
        if path.parent == _TESTS:
            return None
        frame = frame.f_back
    return None


@cache
def _functions_by_use_case() -> dict[str, list[str]]:
    """Returns the functions that import each use case."""
    found: dict[str, list[str]] = {}
    for app in sorted(_FUNCTIONS.glob("*/app.py")):
        for node in ast.walk(ast.parse(app.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bridge.use_cases."):
                found.setdefault(node.module.rpartition(".")[2], []).append(app.parent.name)
    return found
