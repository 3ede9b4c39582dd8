"""A simulated standard queue: at-least-once delivery in any order, visibility timeouts, dead letters.

It is fair between message groups, as AWS describes it: a group with many messages in flight is noisy, and messages of
other groups are received first. AWS also measures the processing time of each group; this queue does not.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.sandbox.events import queue_message

from .stack import QueueSettings

# A group is noisy if it has at least _NOISY messages in flight, and more than this share of all in flight.
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
_NOISY, _NOISY_SHARE = 30, 0.1


def id_in(body: str) -> str:
    """Returns the verification's id in a message's body."""
    fields = json.loads(body)
    event = fields.get("event") or fields.get("detail")
    return str(event["data"]["id"] if event else fields["id"])


@dataclass(slots=True)
class Message:
    id: str
    body: str
    sent: float
    about: str
    # A message without a group counts as a group of its own.
    group: str | None = None
    visible_from: float = 0.0
    receives: int = 0
    # The invocations that received it.
    given_to: list[Any] = field(default_factory=list)

    @property
    def receipt(self) -> str:
        return f"{self.id}-{self.receives}"

    @property
    def received(self) -> dict[str, Any]:
        """The message as ReceiveMessage returns it."""
        return queue_message(self.body, id=self.id, receipt=self.receipt, attempt=self.receives, sent_at=self.sent)


class Queue:
    """`duplicates` and `failures` are the probabilities that a deleted message returns and that a send fails."""

    def __init__(
        self,
        now: Callable[[], float],
        later: Callable[[float, Callable[[], object]], None],
        settings: QueueSettings,
        rng: random.Random,
    ) -> None:
        self._now = now
        self._later = later
        self._settings = settings
        self._rng = rng
        self._numbers = itertools.count(1)
        self._visible: dict[str, Message] = {}
        self._in_flight: Counter[str] = Counter()
        self._about: Counter[str] = Counter()
        self.messages: dict[str, Message] = {}
        self.dead_letters: list[Message] = []
        self.bodies: list[str] = []
        self.duplicates = 0.0
        self.failures = 0.0
        self.is_fair = True
        # Whether older messages of equal groups are received first; otherwise the order is random.
        self.is_ordered = False
        # Called whenever a message becomes visible.
        self.on_visible: Callable[[], object] = lambda: None
        # The bodies of messages that became visible again after a delete.
        self.redelivered: list[str] = []
        # The largest number of messages at once, and of messages whose verification had another message.
        self.max_depth = self.max_duplicates = 0

    def rejects(self) -> bool:
        return self._rng.random() < self.failures

    def depths(self) -> tuple[int, int]:
        """Returns the numbers of visible and of delayed messages."""
        delayed = sum(not message.receives and message.visible_from > self._now() for message in self.messages.values())
        return len(self._visible), delayed

    def send(self, body: str, delay_seconds: float, group: str | None = None) -> None:
        message = Message(f"m{next(self._numbers)}", body, self._now(), id_in(body), group)
        self.messages[message.id] = message
        self._hide(message, delay_seconds + self._rng.expovariate(1 / 0.1))
        self.bodies.append(body)
        self._about[message.about] += 1
        self.max_depth = max(self.max_depth, len(self.messages))
        self.max_duplicates = max(self.max_duplicates, len(self.messages) - len(self._about))

    def receive(self, most: int) -> list[Message]:
        """Receives at most so many of the visible messages."""
        received: list[Message] = []
        while len(received) < most and self._visible:
            message = self._next()
            del self._visible[message.id]
            if message.sent + self._settings.message_retention < self._now():
                self._remove(message)
            elif message.receives >= self._settings.max_receive_count:
                self._remove(message)
                self.dead_letters.append(message)
            else:
                message.receives += 1
                self._hide(message, self._settings.visibility_timeout)
                if message.group:
                    self._in_flight[message.group] += 1
                received.append(message)
        return received

    def hide(self, receipt: str, seconds: float) -> None:
        """Changes the visibility timeout of a message in flight, as ChangeMessageVisibility does."""
        message = self.messages.get(receipt.partition("-")[0])
        if message and message.id not in self._visible:
            self._hide(message, seconds)

    def delete(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._rng.random() < self.duplicates:
                # As on AWS, one server may miss the delete, and return the message again.
                self._hide(message, self._rng.expovariate(1 / 30))
                self.redelivered.append(message.body)
            elif message.id in self.messages:
                self._leave_flight(message)
                self._remove(message)

    def _hide(self, message: Message, seconds: float) -> None:
        message.visible_from = self._now() + seconds
        self._later(message.visible_from, partial(self._appear, message))

    def _appear(self, message: Message) -> None:
        is_due = message.visible_from <= self._now()
        if is_due and message.id in self.messages and message.id not in self._visible:
            self._leave_flight(message)
            self._visible[message.id] = message
            self.on_visible()

    def _leave_flight(self, message: Message) -> None:
        if message.group and message.receives and message.id not in self._visible:
            self._in_flight[message.group] -= 1

    def _remove(self, message: Message) -> None:
        del self.messages[message.id]
        self._visible.pop(message.id, None)
        self._about[message.about] -= 1
        if not self._about[message.about]:
            del self._about[message.about]

    def _next(self) -> Message:
        """Returns the next message: of a quiet group, else of the noisy group with the fewest messages in flight."""
        found = list(self._visible.values())
        noisy = self._noisy() if self.is_fair else {}
        if noisy:
            least = min(noisy.get(message.group or "", 0) for message in found)
            found = [message for message in found if noisy.get(message.group or "", 0) == least]
        return min(found, key=lambda message: message.sent) if self.is_ordered else self._rng.choice(found)

    def _noisy(self) -> dict[str, int]:
        total = sum(self._in_flight.values())
        return {
            group: count for group, count in self._in_flight.items() if count >= _NOISY and count > _NOISY_SHARE * total
        }
