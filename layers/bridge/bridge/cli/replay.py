"""Sends events again: `python -m bridge.cli.replay FROM TO --table NAME --bus NAME`.

FROM and TO are ISO 8601. All events of the verifications that were created in that time (FROM included, TO not) go to
the event bus, with the same ids as before. Run it again after an error: receivers handle each id once.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.aws.clients import client
from bridge.aws.event_bus import EventBus
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import events_of
from bridge.store import listing
from bridge.store.table import Table


def replay(table: Table, bus: EventBus, start: datetime, end: datetime) -> tuple[int, int]:
    """How many verifications there were, and how many events. Raises StorageUnavailable if the bus did not take all."""
    verifications = sent = 0
    for verification in listing.created_between(table, start, end):
        events = events_of(verification)
        bus.put(events)
        verifications, sent = verifications + 1, sent + len(events)
    return verifications, sent


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bridge.cli.replay", description="Sends events again.")
    parser.add_argument("start", metavar="FROM", type=_time, help="such as 2026-01-31T08:00Z; UTC without a zone")
    parser.add_argument("end", metavar="TO", type=_time)
    parser.add_argument("--table", required=True, help="output TableName of the stack")
    parser.add_argument(
        "--bus", required=True, help="output EventBusName of the stack, which is also the events' source"
    )
    chosen = parser.parse_args(arguments)
    if chosen.start >= chosen.end:
        parser.error("FROM is not before TO")
    table, bus = Table(client("dynamodb"), chosen.table, 0), EventBus(client("events"), chosen.bus, chosen.bus)
    try:
        verifications, sent = replay(table, bus, chosen.start, chosen.end)
    except StorageUnavailable as error:
        sys.exit(f"{error.operation} failed with {error.code}. Run the same command again.")
    print(f"{sent} events of {verifications} verifications were sent again")


if __name__ == "__main__":
    main()
