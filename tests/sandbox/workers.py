"""EventBridge's schedules, and Lambda's event source mappings: they call functions on time, and for messages."""

import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .authorizers import Invoke
from .events import queue_event, scheduled_event
from .lambda_runner import FunctionError, succeeded
from .stack import Stack
from .streams import StreamReader
from .triggers import QueueSource, Schedule

# Seconds between two polls of an empty queue.
QUEUE_PAUSE = 0.2
# Threads for a queue with batches of one, so that a slow message does not delay the others.
CONCURRENCY = 4
# Seconds that stop() waits for the threads' current calls.
STOP_TIMEOUT = 2
# The most messages that one ReceiveMessage returns.
RECEIVE_LIMIT = 10
_ATTRIBUTES = ("ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SenderId", "SentTimestamp")


class Workers:
    """Runs a stack's schedules, queues and streams: in threads between start() and stop(), or on demand.

    Args:
        invoke: calls a function by its logical id.
        sqs: a boto3 client of SQS.
        streams: the readers of the stack's streams.
        schedule_seconds: replaces the interval of every schedule, unless it is 0.
    """

    def __init__(
        self,
        stack: Stack,
        invoke: Invoke,
        sqs: Any,
        streams: Sequence[StreamReader],
        *,
        schedule_seconds: float,
    ) -> None:
        self._stack = stack
        self._streams = streams
        self._invoke = invoke
        self._sqs = sqs
        self._schedule_seconds = schedule_seconds
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts the threads for schedules, queues and streams."""
        self._stopping.clear()
        for schedule in self._stack.schedules:
            pause = self._schedule_seconds or schedule.seconds
            self._repeat(partial(self._tick, schedule), pause, first=pause)
        for source in self._stack.queues:
            for _ in range(CONCURRENCY if source.batch_size == 1 else 1):
                self._repeat(partial(self._drain, source), QUEUE_PAUSE, first=0)
        for reader in self._streams:
            self._repeat(reader.drain, QUEUE_PAUSE, first=0)

    def stop(self) -> None:
        """Ends each thread after its current call, or with the process if that takes longer than STOP_TIMEOUT."""
        self._stopping.set()
        ends_at = time.monotonic() + STOP_TIMEOUT
        for thread in self._threads:
            thread.join(max(0, ends_at - time.monotonic()))
        self._threads = []

    def run_schedules(self) -> None:
        """Runs every schedule once. Raises FunctionError."""
        for schedule in self._stack.schedules:
            self._tick(schedule)

    def drain_streams(self) -> int:
        """Passes all stream records to their functions, and returns how many they handled."""
        return sum(reader.drain() for reader in self._streams)

    def restart_streams(self) -> None:
        """Reads all streams from their beginning, for when their records were deleted."""
        for reader in self._streams:
            reader.restart()

    def drain_queues(self) -> int:
        """Passes all visible messages to their functions, and returns their number. Failed messages stay."""
        return sum(self._drain(source) for source in self._stack.queues)

    def _repeat(self, work: Callable[[], object], pause: float, first: float) -> None:
        def run() -> None:
            wait = first
            while not self._stopping.wait(wait):
                wait = pause
                try:
                    work()
                except Exception:  # noqa: BLE001 - as on AWS, a worker continues after any error
                    if not self._stopping.is_set():
                        traceback.print_exc(file=sys.stderr)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _tick(self, schedule: Schedule) -> None:
        self._invoke(schedule.function, scheduled_event(schedule, str(uuid.uuid4()), time.time()))

    def _drain(self, source: QueueSource) -> int:
        url, received = self._stack.resources[source.queue], 0
        while messages := self._receive(url, source.batch_size):
            received += len(messages)
            by_id = {message["MessageId"]: message for message in messages}
            for id in self._succeeded(source, url, by_id):
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=by_id[id]["ReceiptHandle"])
            if self._stopping.is_set() and self._threads:
                break
        return received

    def _receive(self, url: str, batch_size: int) -> list[dict[str, Any]]:
        """Receives messages without waiting. The queue's visibility timeout applies to them."""
        received = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(batch_size, RECEIVE_LIMIT),
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=list(_ATTRIBUTES),
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    def _succeeded(self, source: QueueSource, url: str, by_id: dict[str, dict[str, Any]]) -> set[str]:
        """Calls the function with the messages, and returns the ids of those that it processed."""
        try:
            result = self._invoke(source.function, queue_event(url.rpartition("/")[2], by_id.values()))
        except FunctionError:
            traceback.print_exc(file=sys.stderr)
            return set()
        return succeeded(by_id, result) if source.reports_failures else set(by_id)
