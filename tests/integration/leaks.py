"""Searches for canaries in all output, in any encoding, and in an exception with its causes."""

import base64
import io
import json
import traceback
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest


class Output:
    """Everything printed or logged since its creation, metrics included; tests append error responses to `errors`."""

    def __init__(self, log: io.StringIO, captured: pytest.CaptureFixture[str]) -> None:
        self._log = log
        self._captured = captured
        self.errors = ""

    def text(self) -> str:
        printed = self._captured.readouterr()
        return "\n".join([self._log.getvalue(), printed.out, printed.err, self.errors])

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Returns the log lines with this message."""
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("{") and message in line]
        return [line for line in lines if line.get("message") == message]


def leaked(output: Output, canaries: Iterable[str]) -> list[str]:
    """Returns the canaries that the output contains. Fails if the output has no log lines at all."""
    text = output.text()
    assert '"message":"verification_created"' in text, "the log was not captured"
    return leaked_in(text, canaries)


def leaked_in(text: str, canaries: Iterable[str]) -> list[str]:
    return [canary for canary in canaries if any(form in text for form in encodings(canary))]


def encodings(canary: str) -> set[str]:
    """Returns a text as it is, in a URL, in JSON, in nested JSON, in a repr, and in base64 at any offset."""
    raw = canary.encode()
    # The first and the last base64 characters depend on the neighbouring bytes.
    shifted = (base64.b64encode(b"x" * shift + raw).decode()[4:].rstrip("=")[:-1] for shift in range(3))
    in_base64 = {
        form for each in shifted for form in (each, each.translate(str.maketrans("+/", "-_"))) if len(form) > 8
    }
    escaped = json.dumps(canary)[1:-1]
    return {canary, quote(canary, safe=""), quote_plus(canary), escaped, json.dumps(escaped)[1:-1], *in_base64} | {
        repr(canary)[1:-1]
    }


def reported_by(error: BaseException) -> str:
    """Returns all text of an exception and of its causes and contexts, suppressed ones included."""
    each = "\n".join(f"{one!r} {one} {one.args} {getattr(one, '__notes__', '')}" for one in _with_causes(error))
    return each + "".join(traceback.format_exception(error))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    if error is not None:
        yield error
        yield from _with_causes(error.__cause__)
        if error.__context__ is not error.__cause__:
            yield from _with_causes(error.__context__)
