"""Ends an invocation shortly before Lambda does. Lambda would kill the process without our log line and metric."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Never

from aws_lambda_powertools.utilities.typing import LambdaContext

# Seconds reserved for the log line, the metrics and the response.
RESERVE = 1.0


class OutOfTime(BaseException):
    """A BaseException, so that no `except Exception` catches it. botocore would otherwise retry its call."""


@contextlib.contextmanager
def time_limit(context: LambdaContext) -> Iterator[None]:
    """Raises OutOfTime in the block when RESERVE seconds of the invocation are left.

    Uses a signal, which Python handles only in the main thread. Lambda calls handlers there; other threads have no
    limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGALRM, _end)
    # A value of 0 would disable the timer.
    signal.setitimer(signal.ITIMER_REAL, max(context.get_remaining_time_in_millis() / 1000 - RESERVE, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _end(*_: object) -> Never:
    raise OutOfTime()
