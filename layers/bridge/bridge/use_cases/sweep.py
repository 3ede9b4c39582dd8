"""Finds what is due, and sends it to the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bridge import schedule
from bridge.aws.due_queue import DueMessage
from bridge.errors import StorageUnavailable
from bridge.observability import OLDEST_DUE_SECONDS, concerning, logger, measure, record_failure
from bridge.store import reading
from bridge.store.rows import UnreadableRow
from bridge.wiring import Bridge


@dataclass(frozen=True, slots=True)
class Swept:
    due: int
    sent: int


def sweep(bridge: Bridge, *, has_time: Callable[[], bool]) -> Swept:
    """Claims what is due, then sends it, evenly over the minute.

    What is claimed and not sent becomes due again: soon, or after a crash in schedule.RESEND seconds. No more is sent
    than the queue lacks to hold one minute's work, so that no message becomes out of date while it waits.
    """
    now = bridge.now()
    until = int(now.timestamp()) + schedule.RESEND
    per_minute = bridge.settings.vendor_calls_per_minute
    room = max(0, per_minute - bridge.due_queue.waiting())
    # Also with a full queue: how long the oldest has been due is measured.
    due = list(reading.due(bridge.table, now, limit=max(room, 1)))
    messages: list[DueMessage] = []
    for id, due_at in due[:room]:
        if not has_time():
            break
        with concerning(id):
            try:
                is_claimed = reading.claim_due(bridge.table, id, due_at, until=until)
            except UnreadableRow as unreadable:
                reading.set_aside(bridge.table, unreadable, now)
                continue
        if is_claimed:
            messages.append(DueMessage(id, until, delay=len(messages) * 60 // per_minute))
    try:
        failed = bridge.due_queue.send(messages)
    except StorageUnavailable:
        _unclaim(bridge, [message.id for message in messages], until, now)
        raise
    for id, code in failed.items():
        record_failure("message_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
    _unclaim(bridge, list(failed), until, now)
    swept = Swept(len(due), len(messages) - len(failed))
    logger.info("sweep_finished", extra={"due": swept.due, "claimed": len(messages), "sent": swept.sent})
    # Only a run that comes this far reports it: SweepAlarm takes silence for a failure.
    measure(OLDEST_DUE_SECONDS, max((now.timestamp() - due_at for _, due_at in due), default=0.0))
    return swept


def _unclaim(bridge: Bridge, ids: list[str], until: int, now: datetime) -> None:
    """Makes those due in the next run. A message that was sent after all is out of date then."""
    for id in ids:
        reading.claim_due(bridge.table, id, until, until=int(now.timestamp()) + 30)
