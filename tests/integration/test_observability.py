"""The log lines that operators search for. test_failures.py covers failures and their metrics."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.observability import metrics
from bridge.use_cases.finalize import finalize
from bridge.use_cases.redact import redact
from bridge.use_cases.sweep import sweep
from tests.integration.harness import CALLER, World

# The fields that Powertools adds to each line.
_STANDING = {
    "level",
    "location",
    "timestamp",
    "service",
    "correlation_id",
    "sampling_rate",
    "xray_trace_id",
    "cold_start",
} | {f"function_{name}" for name in ("arn", "memory_size", "name", "request_id")}


class Reported:
    """The log lines and metric counts since its creation or the last call."""

    def __init__(self, log: io.StringIO) -> None:
        self._log = log

    def lines(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._log.getvalue().splitlines()]
        self._log.truncate(0)
        self._log.seek(0)
        return [{"level": line["level"]} | {name: line[name] for name in line.keys() - _STANDING} for line in lines]

    def counts(self) -> dict[str, int]:
        counted = {name: len(metric["Value"]) for name, metric in metrics.provider.metric_set.items()}
        metrics.clear_metrics()
        return counted


@pytest.fixture
def reported(deps: Dependencies, log: io.StringIO) -> Iterator[Reported]:
    yield Reported(log)
    metrics.clear_metrics()


def line(level: str, message: str, **fields: Any) -> dict[str, Any]:
    return {"level": level, "message": message} | fields


def test_each_step_from_link_to_tombstone_is_logged(world: World, reported: Reported) -> None:
    verification = world.new()
    id = verification.id
    assert reported.lines() == [line("INFO", "verification_created", verification_id=id, status="pending")]

    world.play(verification, "verified")
    world.check(verification)
    assert reported.lines() == [line("INFO", "status_changed", verification_id=id, status="verified", sequence=2)]

    redact(world.deps, CALLER, id)
    assert reported.lines() == [line("INFO", "verification_redacted", verification_id=id)]
    assert reported.counts() == {}


def test_giving_up_is_logged_and_counted_once(world: World, reported: Reported) -> None:
    verification = world.new()
    id = verification.id
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds)
    reported.lines()

    for _ in range(2):
        world.check(verification)
        world.clock.advance(6)

    outage = {"error": "VendorUnavailable", "operation": "GetVerification", "http_status": 500}
    assert reported.lines() == [
        line("WARNING", "check_failed", verification_id=id, **outage),
        line("INFO", "status_changed", verification_id=id, status="failed", sequence=2),
        line("ERROR", "gave_up", verification_id=id),
        line("WARNING", "check_failed", verification_id=id, **outage),
    ]
    assert reported.counts() == {"VendorFault": 2, "GaveUp": 1}


def test_giving_up_is_not_counted_if_another_check_verifies_first(world: World, reported: Reported) -> None:
    verification = world.new("verified")
    world.vendor.fault("500", on="get", times=None)
    world.clock.advance(900 + world.deps.settings.give_up_after_seconds)

    def proven_meanwhile() -> None:
        world.clock.advance(60)
        world.vendor.clear_faults()
        world.check(verification)
        reported.counts()

    # The first two calls are the claim and the count of the vendor call; the third gives up.
    world.aws.before_call(3, proven_meanwhile)
    advanced = world.check(verification).verification

    assert advanced is not None
    assert str(advanced.status) == "verified"
    assert reported.counts() == {}
    assert "gave_up" not in [each["message"] for each in reported.lines()]


def test_a_sweep_logs_how_many_were_due_claimed_and_sent(world: World, reported: Reported) -> None:
    for _ in range(3):
        world.new()
    world.clock.advance(schedule.FIRST_CHECK_SECONDS)
    reported.lines()

    swept = sweep(world.deps, has_time=lambda: True)

    assert (swept.due, swept.sent) == (3, 3)
    assert reported.lines() == [line("INFO", "sweep_finished", due=3, claimed=3, sent=3)]
    assert sweep(world.deps, has_time=lambda: True).due == 0
    assert reported.lines() == [line("INFO", "sweep_finished", due=0, claimed=0, sent=0)]


def test_a_message_without_a_valid_id_is_an_error(deps: Dependencies) -> None:
    with pytest.raises(ValueError, match=r"^the message has no verification id$"):
        finalize(deps, DueMessage("ver_x", None))
