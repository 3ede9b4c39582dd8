"""A simulated DynamoDB stream and its event source mapping: ordered shards, at-least-once delivery, retries."""

import itertools
import json
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from tests.sandbox.events import Event
from tests.sandbox.triggers import StreamSource

from .dynamodb import Change
from .functions import Invocation, SimulatedFunctions
from .kernel import Kernel

_SHARDS = 3
# Seconds between two reads of a shard, and the longest pause after failures.
_READ, _LONGEST_PAUSE = 0.25, 60.0


def matches(pattern: Any, event: Any) -> bool:
    """Matches an event with an EventBridge pattern that only lists values."""
    if isinstance(pattern, dict):
        return isinstance(event, Mapping) and all(matches(its, event.get(name)) for name, its in pattern.items())
    assert not any(isinstance(value, dict) for value in pattern), "only values are simulated"
    return event in pattern


@dataclass(frozen=True, slots=True)
class Record:
    number: str
    time: float
    change: Change

    @property
    def event(self) -> Event:
        change = {"Keys": {"id": {"S": self.change.id}}, "SequenceNumber": self.number}
        return {"eventName": "MODIFY", "dynamodb": change | {"NewImage": self.change.after or {}}}


class Stream:
    """Passes the table's changes to a function. `unreliability` is the probability that a batch is repeated, and that a
    shard lags."""

    def __init__(self, kernel: Kernel, source: StreamSource, functions: SimulatedFunctions, rng: random.Random) -> None:
        self._kernel = kernel
        self._source = source
        self._functions = functions
        self._rng = rng
        self._patterns = [json.loads(pattern) for pattern in source.patterns]
        self._numbers = itertools.count(1)
        self._shards: list[deque[Record]] = [deque() for _ in range(_SHARDS)]
        self._is_read = [False] * _SHARDS
        self.unreliability = 0.0
        # The changes that passed the filter, and those that went to the on-failure destination.
        self.passed: list[Change] = []
        self.given_up: list[Change] = []

    def __len__(self) -> int:
        return sum(map(len, self._shards))

    def add(self, change: Change) -> None:
        record = Record(str(next(self._numbers)), self._kernel.now, change)
        # A deleted item has no new image.
        if change.after is None or not any(matches(pattern, record.event) for pattern in self._patterns):
            return
        self.passed.append(change)
        shard = crc32(change.id.encode()) % _SHARDS
        self._shards[shard].append(record)
        if not self._is_read[shard]:
            self._is_read[shard] = True
            self._kernel.spawn("stream", lambda: self._read(shard))

    def _read(self, shard: int) -> None:
        """Reads a shard until it is empty."""
        records, size, failures = self._shards[shard], self._source.batch_size, 0
        while records:
            lags = self._rng.random() < self.unreliability
            pause = min(_READ * 2 ** min(failures, 10), _LONGEST_PAUSE)
            self._kernel.sleep(self._rng.expovariate(1 / 60) if lags else pause)
            batch = list(itertools.islice(records, min(size, self._rng.randint(1, self._source.batch_size))))
            if self._kernel.now - records[0].time > self._source.max_age or failures > self._source.retries:
                self.given_up.append(records.popleft().change)
                continue
            invocation = self._invoke(batch)
            done = 0 if invocation.failed else _done(batch, invocation.result)
            if done == len(batch):
                size, failures = self._source.batch_size, 0
            else:
                # Where the function itself failed, the batch is halved.
                size = max(len(batch) // 2, 1) if invocation.failed and self._source.bisects else size
                failures += 1
            # A lost checkpoint repeats the batch.
            if self._rng.random() >= self.unreliability:
                for _ in range(done):
                    records.popleft()
        self._is_read[shard] = False

    def _invoke(self, batch: list[Record]) -> Invocation:
        about = list(dict.fromkeys(record.change.id for record in batch))
        return self._functions.invoke(self._source.function, {"Records": [record.event for record in batch]}, about)


def _done(batch: list[Record], result: Any) -> int:
    """Returns the number of records before the first that failed."""
    failed = {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
    return next((place for place, record in enumerate(batch) if record.number in failed), len(batch))
