"""EventBridge's and Lambda's part behind the API: schedules that call, queues that are worked off."""

import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from .authorizers import Invoke
from .aws import ACCOUNT_ID, region
from .functions import FunctionError
from .stack import Stack
from .wiring import QueueSource, Schedule

# Seconds between two looks at an empty queue.
QUEUE_PAUSE = 0.2
# SQS hands out no more at once.
RECEIVE_LIMIT = 10
_ATTRIBUTES = ("ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SenderId", "SentTimestamp")


class Workers:
    """Drives a stack's schedules and queues: by hand, or in threads between start() and stop().

    Args:
        invoke: calls a function, by its logical id.
        sqs: a client of SQS.
        schedule_seconds: replaces the interval of every schedule.
    """

    def __init__(self, stack: Stack, invoke: Invoke, sqs: Any, *, schedule_seconds: float | None = None) -> None:
        self._stack = stack
        self._invoke = invoke
        self._sqs = sqs
        self._schedule_seconds = schedule_seconds
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Every schedule and every queue gets a thread."""
        self._stopping.clear()
        for schedule in self._stack.schedules:
            pause = self._schedule_seconds or schedule.seconds
            self._repeat(partial(self._tick, schedule), pause, first=pause)
        for source in self._stack.queues:
            self._repeat(partial(self._work_off, source), QUEUE_PAUSE, first=0)

    def stop(self) -> None:
        """Ends the threads, each after what it is at."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def run_schedules(self) -> None:
        """Every schedule once, now. Raises FunctionError."""
        for schedule in self._stack.schedules:
            self._tick(schedule)

    def drain_queues(self) -> int:
        """Works off what can be received now; what a function did not manage stays for later.

        Returns:
            The number of messages that were handed to functions.
        """
        return sum(self._work_off(source) for source in self._stack.queues)

    def _repeat(self, work: Callable[[], object], pause: float, first: float) -> None:
        def run() -> None:
            wait = first
            while not self._stopping.wait(wait):
                wait = pause
                try:
                    work()
                except Exception:  # noqa: BLE001 - like AWS's own, a worker lives on whatever happens
                    traceback.print_exc(file=sys.stderr)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _tick(self, schedule: Schedule) -> None:
        self._invoke(schedule.function, _scheduled_event(schedule))

    def _work_off(self, source: QueueSource) -> int:
        handed = 0
        while messages := self._receive(source):
            handed += len(messages)
            done = self._hand_over(source, messages)
            for message in done:
                self._sqs.delete_message(QueueUrl=self._url(source), ReceiptHandle=message["ReceiptHandle"])
            if self._stopping.is_set() and self._threads:
                break
        return handed

    def _url(self, source: QueueSource) -> str:
        return self._stack.resources[source.queue]

    def _receive(self, source: QueueSource) -> list[dict[str, Any]]:
        """The queue's own visibility timeout hides what is received; nothing is waited for."""
        received = self._sqs.receive_message(
            QueueUrl=self._url(source),
            MaxNumberOfMessages=min(source.batch_size, RECEIVE_LIMIT),
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=list(_ATTRIBUTES),
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    def _hand_over(self, source: QueueSource, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The messages that the function managed."""
        event = {"Records": [_record(message, self._url(source)) for message in messages]}
        try:
            answer = self._invoke(source.function, event)
        except FunctionError:
            traceback.print_exc(file=sys.stderr)
            return []
        if not source.reports_failures:
            return messages
        return managed(messages, answer)


def managed(messages: list[dict[str, Any]], answer: Any) -> list[dict[str, Any]]:
    """The messages that an answer {"batchItemFailures": [{"itemIdentifier": id}]} does not name.

    As with Lambda, nothing named means that all are managed, and an answer that makes no sense that none is.
    """
    if not answer or not answer.get("batchItemFailures"):
        return messages
    failed = {failure.get("itemIdentifier") for failure in answer["batchItemFailures"]}
    if not failed <= {message["MessageId"] for message in messages}:
        return []
    return [message for message in messages if message["MessageId"] not in failed]


def _record(message: dict[str, Any], url: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region()}:{ACCOUNT_ID}:{url.rpartition('/')[2]}",
        "awsRegion": region(),
    }


def _scheduled_event(schedule: Schedule) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": region(),
        "resources": [f"arn:aws:events:{region()}:{ACCOUNT_ID}:rule/{schedule.name}"],
        "detail": {},
    }
