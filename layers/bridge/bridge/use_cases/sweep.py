"""Finds what is due, and sends it to the queue."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge import schedule
from bridge.errors import StorageUnavailable
from bridge.observability import OLDEST_DUE_SECONDS, concerning, logger, measure, record_failure
from bridge.store import reading
from bridge.wiring import Bridge


@dataclass(frozen=True, slots=True)
class Swept:
    due: int
    sent: int


def sweep(bridge: Bridge, *, has_time: Callable[[], bool]) -> Swept:
    """Takes what is due, then sends it. What is taken and not sent (a crash, a full queue) comes due again."""
    now = bridge.now()
    until = int(now.timestamp()) + schedule.RESEND
    # At one run a minute, no more is sent than finalize may ask.
    due = list(reading.due(bridge.table, now, limit=bridge.settings.vendor_calls_per_minute))
    taken = []
    for id, due_at in due:
        if not has_time():
            break
        with concerning(id):
            if reading.take_due(bridge.table, id, due_at, until=until):
                taken.append(id)
    failed = bridge.due_queue.send(taken)
    for id, code in failed.items():
        record_failure("message_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
    swept = Swept(len(due), len(taken) - len(failed))
    logger.info("sweep_finished", extra={"due": swept.due, "taken": len(taken), "sent": swept.sent})
    # Only a run that comes this far reports it: SweepAlarm takes silence for a failure.
    measure(OLDEST_DUE_SECONDS, max((now.timestamp() - due_at for _, due_at in due), default=0.0))
    return swept
