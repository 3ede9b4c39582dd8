"""A verification has advanced: its event goes to the bus."""

from bridge.dependencies import Dependencies
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import Event, last_event
from bridge.observability import concerning, logger
from bridge.store.items import Item
from bridge.store.rows import from_row


def publish(deps: Dependencies, image: Item) -> None:
    """Publishes the event of the write that left the row as it is in `image`, in DynamoDB's form.

    Raises StorageUnavailable if the bus did not take it, UnreadableRow for a row of a newer version.
    """
    event = last_event(from_row(image))
    with concerning(event.data["id"]):
        put_events(deps, [event])


def put_events(deps: Dependencies, events: list[Event]) -> None:
    """Raises StorageUnavailable unless the bus took all of them. They may be put again: their ids stay the same."""
    for code in deps.event_bus.put(events).values():
        raise StorageUnavailable("PutEvents", code)
    for event in events:
        logger.info("event_published", extra={"event_id": event.id, "event_type": event.type})
