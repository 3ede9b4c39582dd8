"""Clocks that tests advance."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The bridge's clock. The fake vendor has its own, so that no test depends on both being equal."""

    def __init__(self, time: datetime = datetime(2026, 1, 31, 8, tzinfo=UTC)) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    @property
    def epoch(self) -> int:
        return int(self.time.timestamp())

    def go_to(self, epoch: int) -> None:
        self.time = datetime.fromtimestamp(epoch, UTC)


class SecondsClock:
    """Returns seconds, as `time.time` does."""

    now = 1_725_955_291.0

    def __call__(self) -> float:
        return self.now
