"""The event sources other than API Gateway and the stream: the schedules, and Lambda's mappings of the queues."""

import random
from functools import partial

from tests.sandbox.events import queue_event, scheduled_event
from tests.sandbox.lambda_runner import succeeded
from tests.sandbox.triggers import QueueSource, Schedule

from .faults import FaultCounts
from .functions import SimulatedFunctions
from .kernel import Kernel
from .queue import Message, Queue

# Lambda's pollers of a queue whose mapping has no MaximumConcurrency.
_POLLERS = 5


class Scheduler:
    """Invokes the function of a schedule, sometimes twice or not at all. To save time, it skips 95 % of the runs for
    which nothing is due."""

    def __init__(
        self, kernel: Kernel, schedule: Schedule, functions: SimulatedFunctions, rng: random.Random, counts: FaultCounts
    ) -> None:
        self._kernel = kernel
        self._schedule = schedule
        self._functions = functions
        self._rng = rng
        self._counts = counts
        self.unreliability = 0.0

    def run(self, due: "DueTimes") -> None:
        while True:
            self._kernel.sleep(self._schedule.seconds)
            if not due.before(self._kernel.now + 5) and self._rng.random() < 0.95:
                continue
            roll = self._rng.random()
            if roll < self.unreliability:
                self._counts.count("schedule", "skipped")
                continue
            self._start()
            if roll > 1 - self.unreliability:
                self._counts.count("schedule", "twice")
                self._kernel.after(self._rng.expovariate(1 / 3), self._start)

    def _start(self) -> None:
        self._kernel.spawn("schedule", self._invoke)

    def _invoke(self) -> None:
        """Invokes the function asynchronously. The template forbids Lambda to retry."""
        event = scheduled_event(self._schedule, f"e{self._rng.randrange(10**12)}", self._kernel.now)
        self._functions.invoke(self._schedule.function, event, [])


class DueTimes:
    """The time at which each item of the table is due next."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def record(self, id: str, due_at: float | None) -> None:
        if due_at is None:
            self._at.pop(id, None)
        else:
            self._at[id] = due_at

    def before(self, time: float) -> bool:
        return any(due_at <= time for due_at in self._at.values())

    def __len__(self) -> int:
        return len(self._at)


class QueueMapping:
    """An event source mapping of a queue. It invokes the function with batches, up to its maximum concurrency."""

    def __init__(
        self, kernel: Kernel, source: QueueSource, functions: SimulatedFunctions, queue: Queue, rng: random.Random
    ) -> None:
        self._kernel = kernel
        self._source = source
        self._functions = functions
        self._queue = queue
        self._rng = rng
        self._free = source.max_concurrency or _POLLERS
        queue.on_visible = self._receive

    def _receive(self) -> None:
        while self._free and (messages := self._queue.receive(self._rng.randint(1, self._source.batch_size))):
            self._free -= 1
            self._kernel.spawn("queue", partial(self._handle, messages))

    def _handle(self, received: list[Message]) -> None:
        messages = {each.id: each for each in received}
        event = queue_event(self._source.queue, [message.received for message in received])
        invocation = self._functions.invoke(self._source.function, event, [message.about for message in received])
        for message in received:
            message.given_to.append(invocation)
        if not invocation.failed:
            done = succeeded(messages, invocation.result) if self._source.reports_failures else messages
            self._queue.delete([message for id, message in messages.items() if id in done])
        self._free += 1
        self._receive()
