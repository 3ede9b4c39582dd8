"""The table of what can go wrong with a call: a response for each name of a fault."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from flask import Response

from . import raw_responses as raw
from .errors import UnknownNameError
from .fault_queue import Fault, Operation
from .responses import envelope, error, json_response, too_many_requests

HUGE_BYTES: Final = 50_000_000
HUGE_PIECE: Final = 64 * 1024
SLOW_SECONDS: Final = 30.0
DRIP_SECONDS: Final = 1.0

HTML_PAGE: Final = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """A call with a fault.

    Attributes:
        operation: which of the two operations it calls.
        respond: carries the call out and returns the real response. A fault that does not use it changes nothing.
        stopping: set when the server stops, so that no fault delays the stop.
    """

    operation: Operation
    respond: Callable[[], Response]
    stopping: threading.Event


Behaviour = Callable[[Fault, Call], Response]


def faulty_response(fault: Fault, call: Call) -> Response:
    """Returns the response to `call` with `fault`."""
    return FAULTS[fault.name.partition(":")[0]](fault, call)


def check_name(name: str) -> None:
    """Raises UnknownNameError unless `name` is in the table. Only inner_status may have a number."""
    base, colon, number = name.partition(":")
    numbered = base == "inner_status" and number.isdecimal()
    if base not in FAULTS or (colon and not numbered):
        raise UnknownNameError("fault", name, (*FAULTS, "inner_status:<number>"))


def _status(status: int) -> Behaviour:
    def respond(fault: Fault, call: Call) -> Response:
        response = error(status)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    return respond


def _html(status: int, title: str) -> Behaviour:
    return lambda fault, call: Response(HTML_PAGE.format(title), status, content_type="text/html; charset=utf-8")


def _slow(fault: Fault, call: Call) -> Response:
    # The link exists even if the client stops waiting.
    response = call.respond()
    stopped = call.stopping.wait(SLOW_SECONDS if fault.seconds is None else fault.seconds)
    return raw.close_silently() if stopped else response


def _drip_seconds(fault: Fault) -> float:
    return DRIP_SECONDS if fault.seconds is None else fault.seconds


def _drip(fault: Fault, call: Call) -> Response:
    response = call.respond()
    response.response = raw.single_bytes(response.get_data(), _drip_seconds(fault), call.stopping)
    return response


def _reset_after(fault: Fault, call: Call) -> Response:
    call.respond()
    return raw.reset()


def _inner_status(fault: Fault, call: Call) -> Response:
    response = error(int(fault.name.partition(":")[2] or 500))
    response.status_code = 200
    return response


def _huge(fault: Fault, call: Call) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b'{"status": 200, "result": "'
        for _ in range(HUGE_BYTES // HUGE_PIECE + 1):
            yield b"A" * HUGE_PIECE
        yield b'"}'

    return Response(pieces(), content_type="application/json; charset=utf-8")


FAULTS: Final[dict[str, Behaviour]] = {
    "429": lambda fault, call: too_many_requests(fault.retry_after),
    **{str(status): _status(status) for status in (500, 503, 401, 403, 404, 422)},
    "502_html": _html(502, "502 Bad Gateway"),
    "html": _html(200, "Down for maintenance"),
    "slow": _slow,
    "drip": _drip,
    "drip_headers": lambda fault, call: raw.drip(call.respond(), _drip_seconds(fault), call.stopping),
    "reset": lambda fault, call: raw.reset(),
    "reset_after": _reset_after,
    "truncated": lambda fault, call: raw.truncate(call.respond()),
    "garbage": lambda fault, call: json_response(b'{"status": 200, "result": {"token": "4KK'),
    "wrong_kinds": lambda fault, call: json_response(
        envelope([] if call.operation == "get" else {"url": 42, "token": ["4KK"]})
    ),
    "inner_status": _inner_status,
    "redirect": lambda fault, call: Response(
        status=302, headers={"Location": fault.location or "https://elsewhere.example/"}
    ),
    "huge": _huge,
    "empty": lambda fault, call: json_response(b""),
}
