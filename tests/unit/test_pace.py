"""Finalize asks at an even pace."""

from bridge.pace import CONCURRENCY, Pace


class Time:
    """A clock that only sleeping moves, and that keeps when each waiting ended."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def waited(pace: Pace, time: Time, count: int) -> list[float]:
    ends = []
    for _ in range(count):
        pace.wait()
        ends.append(time.now)
    return ends


def test_the_first_waits_for_nothing_and_the_rest_are_evenly_apart() -> None:
    time = Time()
    pace = Pace(60 * CONCURRENCY, clock=time.clock, sleep=time.sleep)
    assert waited(pace, time, 4) == [100, 101, 102, 103]


def test_all_that_run_at_once_keep_to_the_rate_together() -> None:
    time = Time()
    ends = waited(Pace(240, clock=time.clock, sleep=time.sleep), time, 241)
    assert CONCURRENCY * sum(end < 160 for end in ends) <= 240


def test_slots_that_passed_unused_are_not_made_up_for() -> None:
    time = Time()
    pace = Pace(60 * CONCURRENCY, clock=time.clock, sleep=time.sleep)
    pace.wait()
    time.now += 1000
    assert waited(pace, time, 3) == [1100, 1101, 1102]
