"""The events of a verification, listed or sent again from its record."""

from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller
from bridge.domain.events import Event, events_of
from bridge.use_cases.publish import put_events
from bridge.use_cases.read import read


def list_events(deps: Dependencies, caller: Caller, id: str) -> list[Event]:
    """All events of a verification, oldest first. Raises NotFound as reading it does."""
    return events_of(read(deps, caller.principal, id, reads_all=caller.reads_all))


def replay(deps: Dependencies, caller: Caller, id: str) -> list[Event]:
    """Sends the events of a verification again, with the same ids."""
    events = list_events(deps, caller, id)
    put_events(deps, events)
    return events
