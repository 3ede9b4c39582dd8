"""Verifications have advanced: their events go to the bus, in the order of the stream."""

from collections.abc import Iterable

from bridge.dependencies import Dependencies
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import Event, last_event
from bridge.observability import attach_verification_id, logger, record_failure
from bridge.store import stream
from bridge.store.rows import UnreadableRow
from bridge.store.stream import StreamRecord


def publish(deps: Dependencies, records: Iterable[StreamRecord]) -> str | None:
    """Publishes the event of each record, in order.

    Returns the sequence number of the first record that has to be repeated, with all after it; None if there is none.
    A record that cannot be read is set aside for an operator, and the next one follows.
    """
    for record in records:
        try:
            _publish(deps, record)
        except StorageUnavailable as error:
            record_failure("event_not_published", error)
            return stream.sequence_number(record)
    return None


def put_events(deps: Dependencies, events: list[Event]) -> None:
    """Puts the events on the bus, and logs each. Raises StorageUnavailable if the bus did not take all of them."""
    deps.event_bus.put(events)
    for event in events:
        logger.info("event_published", extra={"event_id": event.id, "event_type": event.type})


def _publish(deps: Dependencies, record: StreamRecord) -> None:
    try:
        event = last_event(stream.advanced(record))
    except UnreadableRow as unreadable:
        record_failure("event_set_aside", unreadable)
        with attach_verification_id(unreadable.verification_id):
            deps.unpublished.put(unreadable.verification_id, stream.sequence_number(record))
        return
    with attach_verification_id(event.data["id"]):
        put_events(deps, [event])
