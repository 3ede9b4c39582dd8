"""What calls functions beside API Gateway: the schedules, and Lambda's pollers of the queues."""

import random

from tests.sandbox.events import queue_event, scheduled_event
from tests.sandbox.lambda_runner import succeeded
from tests.sandbox.triggers import QueueSource, Schedule

from .faults import FaultCounts
from .functions import Functions
from .kernel import Kernel
from .queue import Queue, id_in

_LONGEST_POLL = 20.0


class Clock:
    """Runs a schedule; sometimes twice, sometimes not at all. Runs for which surely nothing is due are thinned out."""

    def __init__(
        self, kernel: Kernel, schedule: Schedule, functions: Functions, rng: random.Random, counts: FaultCounts
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
        """An asynchronous invocation, which the template lets Lambda not repeat."""
        event = scheduled_event(self._schedule, f"e{self._rng.randrange(10**12)}", self._kernel.now)
        self._functions.invoke(self._schedule.function, event, [])


class DueTimes:
    """When each item of the table is due next."""

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


class QueuePoller:
    """One of the pollers of an event source mapping."""

    def __init__(
        self, kernel: Kernel, source: QueueSource, functions: Functions, queue: Queue, rng: random.Random
    ) -> None:
        self._kernel = kernel
        self._source = source
        self._functions = functions
        self._queue = queue
        self._rng = rng

    def run(self) -> None:
        while True:
            if not self._poll():
                visible = self._queue.next_visible()
                wait = _LONGEST_POLL if visible is None else min(visible - self._kernel.now, _LONGEST_POLL)
                self._kernel.wait(self._queue.when_sent, max(wait, 0.05))

    def _poll(self) -> bool:
        """Whether there was a message."""
        messages = {each.id: each for each in self._queue.receive(self._rng.randint(1, self._source.batch_size))}
        if messages:
            event = queue_event(self._source.queue, [message.received for message in messages.values()])
            about = [id_in(message.body) for message in messages.values()]
            invocation = self._functions.invoke(self._source.function, event, about)
            for message in messages.values():
                message.given_to.append(invocation)
            if not invocation.failed:
                done = succeeded(messages, invocation.result) if self._source.reports_failures else messages
                self._queue.delete([message for id, message in messages.items() if id in done])
        return bool(messages)
