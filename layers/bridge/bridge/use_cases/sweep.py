"""Finds what is due, and sends it to the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.observability import OLDEST_DUE_SECONDS, concerning, logger, measure, record_failure
from bridge.store import due
from bridge.store.rows import UnreadableRow


@dataclass(frozen=True, slots=True)
class Swept:
    due: int
    sent: int


def sweep(deps: Dependencies, *, has_time: Callable[[], bool]) -> Swept:
    """Claims what is due, then sends it, evenly over the minute.

    What is claimed and not sent becomes due again: soon, or after a crash in schedule.RESEND seconds. No more is sent
    than the queue lacks to hold one minute's work, so that no message becomes out of date while it waits.
    """
    now = deps.now()
    until = int(now.timestamp()) + schedule.RESEND
    per_minute = deps.settings.vendor_calls_per_minute
    room = max(0, per_minute - deps.due_queue.waiting())
    # Also with a full queue: how long the oldest has been due is measured.
    found = list(due.due(deps.table, now, limit=max(room, 1)))
    messages: list[DueMessage] = []
    for id, due_at in found[:room]:
        if not has_time():
            break
        with concerning(id):
            try:
                is_claimed = due.claim_due(deps.table, id, due_at, until=until)
            except UnreadableRow as unreadable:
                due.set_aside(deps.table, unreadable, now)
                continue
        if is_claimed:
            messages.append(DueMessage(id, until, delay=len(messages) * 60 // per_minute))
    try:
        failed = deps.due_queue.send(messages)
    except StorageUnavailable:
        _unclaim(deps, [message.id for message in messages], until, now)
        raise
    for id, code in failed.items():
        record_failure("message_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
    _unclaim(deps, list(failed), until, now)
    swept = Swept(len(found), len(messages) - len(failed))
    logger.info("sweep_finished", extra={"due": swept.due, "claimed": len(messages), "sent": swept.sent})
    # Only a run that comes this far reports it: SweepAlarm takes silence for a failure.
    measure(OLDEST_DUE_SECONDS, max((now.timestamp() - due_at for _, due_at in found), default=0.0))
    return swept


def _unclaim(deps: Dependencies, ids: list[str], until: int, now: datetime) -> None:
    """Makes those due in the next run. A message that was sent after all is out of date then."""
    for id in ids:
        due.claim_due(deps.table, id, until, until=int(now.timestamp()) + 30)
