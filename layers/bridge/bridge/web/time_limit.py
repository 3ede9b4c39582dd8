"""Ends an invocation just before Lambda would, which kills the process without a log line or a metric of ours."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Never

from aws_lambda_powertools.utilities.typing import LambdaContext

# Seconds that are kept for the log line, the metrics and the response.
RESERVE = 1.0


class OutOfTime(BaseException):
    """No `except Exception` on the way stops it; botocore's would try the call again."""


@contextlib.contextmanager
def time_limit(context: LambdaContext) -> Iterator[None]:
    """Raises OutOfTime in the block when only RESERVE is left of the invocation, whatever it waits for.

    Python handles signals in the main thread, in which Lambda calls handlers; in another one there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGALRM, _end)
    # 0 would set no timer.
    signal.setitimer(signal.ITIMER_REAL, max(context.get_remaining_time_in_millis() / 1000 - RESERVE, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _end(*_: object) -> Never:
    raise OutOfTime()
