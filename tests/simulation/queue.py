"""A standard queue: at least once, in any order, hidden after a receive, to the dead letters after too many.

It is fair between message groups, as AWS describes it: a group with many messages in flight is noisy, and messages of
quiet groups are received before its own. AWS also measures how long the messages of a group are worked on; this queue
does not.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .stack import QueueSettings

# A group is noisy with at least so many messages in flight, if they are more than this part of all.
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
_NOISY, _NOISY_SHARE = 30, 0.1


def id_in(body: str) -> str:
    """The verification's id in a message's body."""
    fields = json.loads(body)
    event = fields.get("event") or fields.get("detail")
    return str(event["data"]["id"] if event else fields["id"])


@dataclass(slots=True)
class Message:
    id: str
    body: str
    sent: float
    about: str
    # Without a group of its own a message is a group by itself.
    group: str | None = None
    visible_from: float = 0.0
    receives: int = 0
    # The invocations that it was given to.
    given_to: list[Any] = field(default_factory=list)

    @property
    def receipt(self) -> str:
        return f"{self.id}-{self.receives}"

    @property
    def received(self) -> dict[str, Any]:
        """As ReceiveMessage returns it."""
        attributes = {"ApproximateReceiveCount": str(self.receives), "SentTimestamp": str(int(self.sent * 1000))}
        return {"MessageId": self.id, "ReceiptHandle": self.receipt, "Body": self.body, "Attributes": attributes}


class Queue:
    """`duplicates` and `failures`: probabilities, while faults last."""

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
        # Old messages before new ones, as far as groups do not decide; else in any order.
        self.is_ordered = False
        # Called whenever there is a message to be received.
        self.appeared: Callable[[], object] = lambda: None
        # Bodies that were received again although they were deleted.
        self.doubled: list[str] = []
        # The most messages that were there at once, and how many of them were for a verification that had another.
        self.deepest = self.most_duplicates = 0

    def refuses(self) -> bool:
        return self._rng.random() < self.failures

    def depths(self) -> tuple[int, int]:
        """How many messages can be received, and how many are delayed."""
        delayed = sum(not message.receives and message.visible_from > self._now() for message in self.messages.values())
        return len(self._visible), delayed

    def send(self, body: str, delay_seconds: float, group: str | None = None) -> None:
        message = Message(f"m{next(self._numbers)}", body, self._now(), id_in(body), group)
        self.messages[message.id] = message
        self._hide(message, delay_seconds + self._rng.expovariate(1 / 0.1))
        self.bodies.append(body)
        self._about[message.about] += 1
        self.deepest = max(self.deepest, len(self.messages))
        self.most_duplicates = max(self.most_duplicates, len(self.messages) - len(self._about))

    def receive(self, most: int) -> list[Message]:
        """Some of the visible messages."""
        taken: list[Message] = []
        while len(taken) < most and self._visible:
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
                taken.append(message)
        return taken

    def hide(self, receipt: str, seconds: float) -> None:
        """ChangeMessageVisibility, of a message in flight."""
        message = self.messages.get(receipt.partition("-")[0])
        if message and message.id not in self._visible:
            self._hide(message, seconds)

    def delete(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._rng.random() < self.duplicates:
                # Deleted on all servers but one, which shows it once more.
                self._hide(message, self._rng.expovariate(1 / 30))
                self.doubled.append(message.body)
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
            self.appeared()

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
        """The message that is received next: of a quiet group, else of the noisy one with the fewest in flight."""
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
