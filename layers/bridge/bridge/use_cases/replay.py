"""The events of a verification, listed or sent again from its record."""

from collections.abc import Iterator
from datetime import datetime

from bridge.dependencies import Dependencies
from bridge.domain.caller import Caller
from bridge.domain.events import Event, events_of
from bridge.store import reading
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


def replay_created_between(deps: Dependencies, start: datetime, end: datetime) -> Iterator[tuple[str, int]]:
    """Sends again the events of all verifications that were created in that time: start included, end not.

    Yields the id of each verification, and how many events it had, so that a run that fails can go on from there.
    """
    for verification in reading.created_between(deps.table, start, end):
        events = events_of(verification)
        put_events(deps, events)
        yield verification.id, len(events)
