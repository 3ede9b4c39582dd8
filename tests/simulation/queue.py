"""A standard queue: at least once, in any order, hidden after a receive, to the dead letters after too many."""

import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .stack import QueueSettings


def id_in(body: str) -> str:
    """The verification's id in a message's body."""
    return str(json.loads(body)["id"])


@dataclass(slots=True)
class Message:
    id: str
    body: str
    sent: float
    visible_from: float
    receives: int = 0
    # The invocations that it was given to.
    given_to: list[Any] = field(default_factory=list)

    @property
    def received(self) -> dict[str, Any]:
        """As ReceiveMessage returns it."""
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        receipt = f"{self.id}-{self.receives}"
        return {"MessageId": self.id, "ReceiptHandle": receipt, "Body": self.body, "Attributes": attributes}


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
        self._waiting: list[Callable[[], object]] = []
        self._settings = settings
        self._rng = rng
        self._numbers = itertools.count(1)
        self.messages: dict[str, Message] = {}
        self.dead_letters: list[Message] = []
        self.bodies: list[str] = []
        self.duplicates = 0.0
        self.failures = 0.0
        # Bodies that were received again although they were deleted.
        self.doubled: list[str] = []
        # The most messages that were there at once, and how many of them were for a verification that had another.
        self.deepest = self.most_duplicates = 0

    def refuses(self) -> bool:
        return self._rng.random() < self.failures

    def depths(self) -> tuple[int, int]:
        """How many messages can be received, and how many are delayed."""
        unseen = [message for message in self.messages.values() if not message.receives]
        delayed = sum(message.visible_from > self._now() for message in unseen)
        hidden = sum(message.visible_from > self._now() for message in self.messages.values())
        return len(self.messages) - hidden, delayed

    def send(self, body: str, delay_seconds: float) -> None:
        id = f"m{next(self._numbers)}"
        delay = delay_seconds + self._rng.expovariate(1 / 0.1)
        self.messages[id] = Message(id, body, self._now(), self._now() + delay)
        self.bodies.append(body)
        self.deepest = max(self.deepest, len(self.messages))
        ids = {id_in(message.body) for message in self.messages.values()}
        self.most_duplicates = max(self.most_duplicates, len(self.messages) - len(ids))
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            self._later(self._now() + delay, wake)

    def when_sent(self, wake: Callable[[], object]) -> None:
        """Long polling: calls `wake` when the next message that is sent can be seen."""
        self._waiting.append(wake)

    def receive(self, most: int) -> list[Message]:
        """Some of the visible messages, in any order."""
        now = self._now()
        self._drop_old(now)
        visible = [message for message in self.messages.values() if message.visible_from <= now]
        self._rng.shuffle(visible)
        taken = []
        for message in visible[:most]:
            if message.receives >= self._settings.max_receive_count:
                self.dead_letters.append(self.messages.pop(message.id))
                continue
            message.receives += 1
            message.visible_from = now + self._settings.visibility_timeout
            taken.append(message)
        return taken

    def delete(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._rng.random() < self.duplicates:
                # Deleted on all servers but one, which shows it once more.
                message.visible_from = self._now() + self._rng.expovariate(1 / 30)
                self.doubled.append(message.body)
            else:
                self.messages.pop(message.id, None)

    def next_visible(self) -> float | None:
        return min((message.visible_from for message in self.messages.values()), default=None)

    def _drop_old(self, now: float) -> None:
        for message in list(self.messages.values()):
            if message.sent + self._settings.message_retention < now:
                del self.messages[message.id]
