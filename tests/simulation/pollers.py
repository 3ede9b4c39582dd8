"""What runs without being asked: the schedule, and what Lambda polls the queue with."""

import random

from .faults import Tally
from .functions import Functions
from .kernel import Kernel
from .queue import Message, Queue, id_in
from .stack import Stack

_LONGEST_NAP = 20.0


class Schedule:
    """Every minute; sometimes twice, sometimes not at all. Runs for which surely nothing is due are thinned out."""

    def __init__(self, kernel: Kernel, stack: Stack, functions: Functions, rng: random.Random, tally: Tally) -> None:
        self._kernel = kernel
        self._stack = stack
        self._functions = functions
        self._rng = rng
        self._tally = tally
        self.unreliability = 0.0

    def run(self, due: "Due") -> None:
        while True:
            self._kernel.sleep(self._stack.sweep_interval)
            if not due.before(self._kernel.now + 5) and self._rng.random() < 0.95:
                continue
            roll = self._rng.random()
            if roll < self.unreliability:
                self._tally.count("schedule", "skipped")
                continue
            self._start()
            if roll > 1 - self.unreliability:
                self._tally.count("schedule", "twice")
                self._kernel.after(self._rng.expovariate(1 / 3), self._start)

    def _start(self) -> None:
        self._kernel.spawn("schedule", self._sweep)

    def _sweep(self) -> None:
        """An asynchronous invocation, which the template lets Lambda not repeat."""
        event = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
        self._functions.invoke(self._stack.functions["sweep"], event, [])


class Due:
    """When the next thing in the table is due."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, id: str, due_at: float | None) -> None:
        if due_at is None:
            self._at.pop(id, None)
        else:
            self._at[id] = due_at

    def before(self, time: float) -> bool:
        return any(due_at <= time for due_at in self._at.values())

    def __len__(self) -> int:
        return len(self._at)


class Polling:
    """One of the pollers that MaximumConcurrency allows."""

    def __init__(self, kernel: Kernel, stack: Stack, functions: Functions, queue: Queue, rng: random.Random) -> None:
        self._kernel = kernel
        self._stack = stack
        self._functions = functions
        self._queue = queue
        self._rng = rng

    def run(self) -> None:
        while True:
            messages = self._queue.receive(self._rng.randint(1, self._stack.batch_size))
            if messages:
                self._work_off(messages)
            else:
                visible = self._queue.next_visible()
                nap = _LONGEST_NAP if visible is None else min(visible - self._kernel.now, _LONGEST_NAP)
                self._kernel.wait(self._queue.when_sent, max(nap, 0.05))

    def _work_off(self, messages: list[Message]) -> None:
        event = {"Records": [_record(message) for message in messages]}
        about = [id_in(message.body) for message in messages]
        invocation = self._functions.invoke(self._stack.functions["finalize"], event, about)
        for message in messages:
            message.given_to.append(invocation)
        if invocation.failed:
            return
        failed = {item["itemIdentifier"] for item in invocation.answer["batchItemFailures"]}
        self._queue.delete([message for message in messages if message.id not in failed])


def _record(message: Message) -> dict[str, object]:
    return {
        "messageId": message.id,
        "receiptHandle": f"{message.id}-{message.receives}",
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ap-southeast-1:000000000000:DueQueue",
        "awsRegion": "ap-southeast-1",
    }
