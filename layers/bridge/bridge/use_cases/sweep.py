"""Finds what is due, and sends it to the queue."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge import schedule
from bridge.observed import logger
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
    due = 0
    taken = []
    # At one run a minute, no more is sent than finalize may ask.
    for id, due_at in reading.due(bridge.table, now, limit=bridge.settings.vendor_calls_per_minute):
        due += 1
        if not has_time():
            break
        if reading.take_due(bridge.table, id, due_at, until=until):
            taken.append(id)
    swept = Swept(due, bridge.due_queue.send(taken))
    logger.info("swept", extra={"due": swept.due, "taken": len(taken), "sent": swept.sent})
    return swept
