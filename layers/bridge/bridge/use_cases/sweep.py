"""Sends due verifications to the queue."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import StorageUnavailable
from bridge.observability import OLDEST_DUE_SECONDS, attach_verification_id, logger, measure, record_failure
from bridge.store import due
from bridge.store.rows import UnreadableRow


class SweepResult(NamedTuple):
    """How many verifications were found due, up to the limit of a run, and how many were sent to the queue."""

    due: int
    sent: int


def sweep(deps: Dependencies, *, has_time: Callable[[], bool]) -> SweepResult:
    """Claims due verifications and sends them, with delays that spread them over one minute.

    If a claim fails, those claimed before it are sent. If sending fails, they become due again soon; after a crash, in
    schedule.RESEND_SECONDS. The queue is filled up to one minute's work, so that no message becomes stale while it
    waits.

    Args:
        has_time: False when the run should stop claiming.

    Raises:
        StorageUnavailable: DynamoDB or SQS failed.
    """
    now = deps.now()
    capacity = max(0, deps.settings.vendor_calls_per_minute - deps.due_queue.visible_messages())
    # At least one, because the metric below needs the oldest one even if the queue is full.
    found = list(due.find_due(deps.table, now, limit=max(capacity, 1)))
    messages, failure = _claim(deps, found[:capacity], now, has_time)
    result = SweepResult(len(found), _send(deps, messages, now))
    logger.info("sweep_finished", extra={"due": result.due, "claimed": len(messages), "sent": result.sent})
    if failure is not None:
        raise failure
    # Only a successful run reports this metric. SweepAlarm treats missing data as a failure.
    measure(OLDEST_DUE_SECONDS, max((now.timestamp() - due_at for _, due_at in found), default=0.0))
    return result


def _claim(
    deps: Dependencies, found: Sequence[tuple[str, int]], now: datetime, has_time: Callable[[], bool]
) -> tuple[list[DueMessage], StorageUnavailable | None]:
    """Claims the verifications until a claim fails.

    Returns the messages of those claimed, with delays that spread them over one minute, and the failure if there was
    one.
    """
    until, per_minute = _claimed_until(now), deps.settings.vendor_calls_per_minute
    messages: list[DueMessage] = []
    for id, due_at in found:
        if not has_time():
            break
        try:
            is_claimed = _claim_one(deps, id, due_at, now)
        except StorageUnavailable as error:
            return messages, error
        if is_claimed:
            messages.append(DueMessage(id, until, delay=len(messages) * 60 // per_minute))
    return messages, None


def _claim_one(deps: Dependencies, id: str, due_at: int, now: datetime) -> bool:
    with attach_verification_id(id):
        try:
            return due.claim_due(deps.table, id, due_at, until=_claimed_until(now))
        except UnreadableRow as unreadable:
            due.set_aside(deps.table, unreadable, now)
            return False


def _send(deps: Dependencies, messages: Sequence[DueMessage], now: datetime) -> int:
    """Sends the messages, and returns how many the queue accepted. The other verifications become due again soon."""
    try:
        failed = deps.due_queue.send(messages)
    except StorageUnavailable:
        _unclaim(deps, [message.id for message in messages], now)
        raise
    for id, code in failed.items():
        record_failure("message_not_sent", StorageUnavailable("SendMessageBatch", code), verification_id=id)
    _unclaim(deps, list(failed), now)
    return len(messages) - len(failed)


def _unclaim(deps: Dependencies, ids: Sequence[str], now: datetime) -> None:
    """Makes the verifications due in the next run. A message that was sent nevertheless is then stale."""
    for id in ids:
        due.claim_due(deps.table, id, _claimed_until(now), until=int(now.timestamp()) + 30)


def _claimed_until(now: datetime) -> int:
    return int(now.timestamp()) + schedule.RESEND_SECONDS
