"""Records the calls of AWS that functions make in integration tests, for tests/policies to check."""

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

# Resources by logical id.
RECORDED: set[Call] = set()


def watch(client: Any, resources: Mapping[str, str]) -> None:
    """Records the calls of a client of boto3. `resources`: physical ids, by logical id.

    The event comes once a call, however often botocore repeats it, and for a presigned URL, too.
    """

    def record(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if function := _calling():
            for call in calls(function, model.service_model.service_name, model.name, params):
                RECORDED.update(_named(call, resources))

    client.meta.events.register("before-parameter-build", record)


def _named(call: Call, resources: Mapping[str, str]) -> Iterator[Call]:
    """The call about a resource by its logical id; nothing about what is none of the stack's, as a test may want it."""
    for logical, physical in resources.items():
        if call.resource == physical or call.resource.startswith(f"{physical}/"):
            yield Call(call.function, call.action, logical + call.resource.removeprefix(physical), call.context)


def _calling() -> str | None:
    """The function whose code is at work here, by the innermost of: a handler, a use case that no other function has.

    None where a test comes first: it calls a use case that more than one function has, or the store itself.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame:
        path = Path(frame.f_code.co_filename)
        if path.parent.parent == _FUNCTIONS:
            return path.parent.name
        if path.parent == _USE_CASES and len(users := _users().get(path.stem, [])) == 1:
            return users[0]
        if path.parent == _TESTS:
            return None
        frame = frame.f_back
    return None


@cache
def _users() -> dict[str, list[str]]:
    """The functions that import each use case."""
    found: dict[str, list[str]] = {}
    for app in sorted(_FUNCTIONS.glob("*/app.py")):
        for node in ast.walk(ast.parse(app.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bridge.use_cases."):
                found.setdefault(node.module.rpartition(".")[2], []).append(app.parent.name)
    return found
