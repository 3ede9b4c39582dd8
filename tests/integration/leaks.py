"""Searches for canaries: in all output, in any encoding, and in an exception with its causes."""

import base64
import io
import json
import traceback
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

import pytest


class Said:
    """All that was printed, logged, sent as a metric, or answered as an error since it was made."""

    def __init__(self, log: io.StringIO, captured: pytest.CaptureFixture[str]) -> None:
        self._log = log
        self._captured = captured
        self.errors = ""

    def text(self) -> str:
        printed = self._captured.readouterr()
        return "\n".join([self._log.getvalue(), printed.out, printed.err, self.errors])


def found(said: Said, sought: Iterable[str]) -> list[str]:
    """Those that were said. Something was logged at all, or this would find nothing ever."""
    text = said.text()
    assert '"message":"verification_created"' in text, "the log is not the one that is written"
    return found_in(text, sought)


def found_in(text: str, sought: Iterable[str]) -> list[str]:
    return [canary for canary in sought if any(form in text for form in forms(canary))]


def forms(canary: str) -> set[str]:
    """A text as it is, in a URL, in JSON, in JSON within JSON, in a repr, and in base64 wherever in it it begins."""
    raw = canary.encode()
    # The first and the last characters hang on what stands beside it.
    shifted = (base64.b64encode(b"x" * shift + raw).decode()[4:].rstrip("=")[:-1] for shift in range(3))
    in_base64 = {
        form for each in shifted for form in (each, each.translate(str.maketrans("+/", "-_"))) if len(form) > 8
    }
    escaped = json.dumps(canary)[1:-1]
    return {canary, quote(canary, safe=""), quote_plus(canary), escaped, json.dumps(escaped)[1:-1], *in_base64} | {
        repr(canary)[1:-1]
    }


def reported_by(error: BaseException) -> str:
    """What any tool could print of an exception: it and all that led to it, suppressed or not."""
    each = "\n".join(f"{one!r} {one} {one.args} {getattr(one, '__notes__', '')}" for one in _led_to(error))
    return each + "".join(traceback.format_exception(error))


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    if error is not None:
        yield error
        yield from _led_to(error.__cause__)
        if error.__context__ is not error.__cause__:
            yield from _led_to(error.__context__)
