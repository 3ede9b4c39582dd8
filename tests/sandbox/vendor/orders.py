"""Reading what a test orders: a fault as JSON, and an outcome and a fault for one verification."""

from collections.abc import Mapping
from typing import Any, get_args

from .faults import check_name
from .state import State
from .table import UnknownNameError
from .waiting import Fault, On

_KINDS: dict[str, tuple[type, ...]] = {
    "on": (str,),
    "times": (int, type(None)),
    "seconds": (int, float, type(None)),
    "retry_after": (int, type(None)),
    "location": (str, type(None)),
    "token": (str, type(None)),
}


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """A fault from a JSON object: {"fault": name} and any other field of Fault.

    Raises:
        ValueError: a field is unknown or of the wrong kind.
    """
    unknown = sorted(body.keys() - {"fault", *_KINDS})
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(unknown)}")
    given = {name: body[name] for name in _KINDS if name in body}
    for name, value in given.items():
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise ValueError(f"{name} is of the wrong kind")
    if given.get("on", "any") not in get_args(On):
        raise UnknownNameError("operation", given["on"], get_args(On))
    if isinstance(given.get("times"), int) and given["times"] < 1:
        raise ValueError("times must be at least 1, or null for every call")
    return Fault(name=str(body.get("fault")), **given)


def play_with_fault(state: State, token: str, outcome: object, fault: Mapping[str, Any]) -> None:
    """Play `outcome` and queue `fault`, either of which may be absent: both or, on a mistake, neither."""
    parsed = parse_fault({"on": "get", **fault, "token": token}) if fault.get("fault") is not None else None
    if parsed is not None:
        check_name(parsed.name)
    if outcome is not None:
        state.play(token, str(outcome))
    if parsed is not None:
        state.queue(parsed)
