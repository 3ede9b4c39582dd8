"""When a webhook that failed is sent again. All durations are seconds, all times epoch seconds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bridge.domain.schedule import Draw

# SQS hides a message for twelve hours at most, the attempt itself included.
LONGEST = 39_600
# After the first attempt, the second, and so on; the last one again and again.
DELAYS = (5, 300, 1_800, 7_200, 18_000, LONGEST)
GIVE_UP_AFTER = 72 * 3600
# At most this share is taken off a delay, so that what failed together does not come back together.
_JITTER = 0.1


def next_attempt(
    attempts: int,
    *,
    sent_at: float,
    now: float,
    retry_after: float | None,
    draw: Draw,
    delays: Sequence[int] = DELAYS,
) -> int | None:
    """Seconds until the next attempt; None where it is given up.

    Args:
        attempts: how many there were, this one included.
        sent_at: when the message was put in the queue.
        retry_after: what the receiver asked for. The later of both counts, LONGEST at most.
        draw: a number for jitter, draw(low, high).
    """
    if now - sent_at >= GIVE_UP_AFTER:
        return None
    planned = delays[min(max(attempts, 1), len(delays)) - 1] * draw(1 - _JITTER, 1)
    return int(min(max(planned, retry_after or 0, 1), LONGEST))


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """The Retry-After header, which is in seconds or an HTTP date, as seconds from now; None if it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        # More digits are more than any wait that is honoured.
        return float(min(int(text[:9]), LONGEST))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, _with_zone(date).timestamp() - now)


def _with_zone(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)
