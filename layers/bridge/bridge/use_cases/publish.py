"""Verifications have advanced: their events go to the bus, in the order of the stream."""

from collections.abc import Iterable
from typing import NamedTuple

from bridge.dependencies import Dependencies
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import Event, last_event
from bridge.observability import attach_verification_id, logger, record_failure
from bridge.store.items import Item
from bridge.store.rows import UnreadableRow, from_row


class StreamRecord(NamedTuple):
    """A write that advanced a verification: its number in the stream, and the row after it in DynamoDB's form."""

    number: str
    image: Item


def publish(deps: Dependencies, records: Iterable[StreamRecord]) -> str | None:
    """Publishes the event of each record, in order.

    Returns the number of the first record that has to be repeated, with all after it; None if there is none. A record
    that cannot be read is set aside for an operator, and the next one follows.
    """
    for record in records:
        try:
            _publish(deps, record)
        except StorageUnavailable as error:
            record_failure("event_not_published", error)
            return record.number
    return None


def put_events(deps: Dependencies, events: list[Event]) -> None:
    """Puts the events on the bus, and logs each. Raises StorageUnavailable if the bus did not take all of them."""
    deps.event_bus.put(events)
    for event in events:
        logger.info("event_published", extra={"event_id": event.id, "event_type": event.type})


def _publish(deps: Dependencies, record: StreamRecord) -> None:
    try:
        verification = from_row(record.image)
        if not verification.history:
            # The stream's filter passes no such row.
            raise UnreadableRow(verification.id)
        event = last_event(verification)
    except UnreadableRow as unreadable:
        record_failure("event_set_aside", unreadable)
        with attach_verification_id(unreadable.verification_id):
            deps.unpublished.put(unreadable.verification_id, record.number)
        return
    with attach_verification_id(event.data["id"]):
        put_events(deps, [event])
