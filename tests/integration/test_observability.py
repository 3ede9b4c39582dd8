"""What operators are told: the log lines that they search for, and the metrics that the alarms watch."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.observability import logger, metrics
from bridge.use_cases.finalize import finalize
from bridge.use_cases.redact import redact
from bridge.use_cases.sweep import sweep
from tests.integration.harness import CALLER, Aws, Clock, check, new, token_of
from tests.sandbox.sandbox import Sandbox

# What Powertools adds to each line by itself.
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


class Told:
    """What was logged and counted since it was made, or since it was last asked."""

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
def reported(deps: Dependencies) -> Iterator[Told]:
    ours, log = logger.registered_handler, io.StringIO()
    assert isinstance(ours, logging.StreamHandler)
    # Not setStream, which flushes the stream before; a test before may have closed it.
    before, ours.stream = ours.stream, log
    metrics.clear_metrics()
    yield Told(log)
    metrics.clear_metrics()
    ours.stream = before


def line(level: str, message: str, **fields: Any) -> dict[str, Any]:
    return {"level": level, "message": message} | fields


def test_a_life_from_link_to_tombstone_is_told_line_by_line(
    sandbox: Sandbox, deps: Dependencies, reported: Told
) -> None:
    verification = new(deps)
    id = verification.id
    assert reported.lines() == [line("INFO", "verification_created", verification_id=id, status="pending")]

    sandbox.vendor.play(token_of(verification), "verified")
    check(deps, id)
    assert reported.lines() == [line("INFO", "status_changed", verification_id=id, status="verified", sequence=2)]

    redact(deps, CALLER, id)
    assert reported.lines() == [line("INFO", "verification_redacted", verification_id=id)]
    assert reported.counts() == {}


@pytest.mark.parametrize(
    ("fault", "named", "metric"),
    [
        ("500", {"error": "VendorUnavailable", "http_status": 500}, "VendorFault"),
        ("429", {"error": "VendorRateLimited", "http_status": 429}, "VendorFault"),
        ("401", {"error": "VendorCredentials", "http_status": 401}, "VendorCredentials"),
        ("inner_status:422", {"error": "VendorRejected", "http_status": 422}, "VendorFault"),
        ("reset", {"error": "VendorUnavailable"}, "VendorFault"),
        ("garbage", {"error": "VendorMalformed", "what": "not JSON"}, "VendorFault"),
    ],
)
def test_a_vendor_that_fails_is_named_and_counted(
    sandbox: Sandbox, deps: Dependencies, reported: Told, fault: str, named: dict[str, Any], metric: str
) -> None:
    id = new(deps).id
    sandbox.vendor.fault(fault, on="get", times=None)
    reported.lines()

    check(deps, id)

    assert reported.lines() == [
        line("WARNING", "check_failed", verification_id=id, operation="GetVerification", **named)
    ]
    assert reported.counts() == {metric: 1}


def test_a_part_of_aws_that_fails_is_no_fault_of_the_vendors(
    sandbox: Sandbox, deps: Dependencies, aws: Aws, reported: Told
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    aws.refuse("s3.PutObject")
    reported.lines()

    check(deps, verification.id)

    failure = {"error": "StorageUnavailable", "operation": "PutObject", "error_code": "EndpointConnectionError"}
    assert reported.lines() == [line("WARNING", "check_failed", verification_id=verification.id, **failure)]
    assert reported.counts() == {"StorageFault": 1}


def test_giving_up_is_said_once_and_loudly(sandbox: Sandbox, deps: Dependencies, clock: Clock, reported: Told) -> None:
    id = new(deps).id
    sandbox.vendor.fault("500", on="get", times=None)
    clock.advance(900 + deps.settings.give_up_after)
    reported.lines()

    for _ in range(2):
        check(deps, id)
        clock.advance(6)

    outage = {"error": "VendorUnavailable", "operation": "GetVerification", "http_status": 500}
    assert reported.lines() == [
        line("WARNING", "check_failed", verification_id=id, **outage),
        line("INFO", "status_changed", verification_id=id, status="failed", sequence=2),
        line("ERROR", "gave_up", verification_id=id),
        line("WARNING", "check_failed", verification_id=id, **outage),
    ]
    assert reported.counts() == {"VendorFault": 2, "GaveUp": 1}


def test_one_who_was_given_up_and_is_proven_meanwhile_was_not_given_up(
    sandbox: Sandbox, deps: Dependencies, clock: Clock, aws: Aws, reported: Told
) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    sandbox.vendor.fault("500", on="get", times=None)
    clock.advance(900 + deps.settings.give_up_after)

    def proven_meanwhile() -> None:
        clock.advance(60)
        sandbox.vendor.clear_faults()
        check(deps, verification.id)
        reported.counts()

    # The claim, and then the write that gives up.
    aws.before_call(2, proven_meanwhile)
    risen = check(deps, verification.id).verification

    assert risen is not None
    assert str(risen.status) == "verified"
    assert reported.counts() == {}
    assert "gave_up" not in [each["message"] for each in reported.lines()]


def test_a_result_that_contradicts_itself_is_counted(sandbox: Sandbox, deps: Dependencies, reported: Told) -> None:
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "inconsistent")

    check(deps, verification.id)

    assert reported.counts() == {"InconsistentResult": 1}
    assert (
        line("WARNING", "inconsistent_result", verification_id=verification.id, what="is_success") in reported.lines()
    )


def test_a_sweep_says_how_many_were_due_taken_and_sent(deps: Dependencies, clock: Clock, reported: Told) -> None:
    for _ in range(3):
        new(deps)
    clock.advance(schedule.FIRST_CHECK)
    reported.lines()

    swept = sweep(deps, has_time=lambda: True)

    assert (swept.due, swept.sent) == (3, 3)
    assert reported.lines() == [line("INFO", "sweep_finished", due=3, claimed=3, sent=3)]
    assert sweep(deps, has_time=lambda: True).due == 0
    assert reported.lines() == [line("INFO", "sweep_finished", due=0, claimed=0, sent=0)]


def test_a_message_that_names_no_verification_says_so(deps: Dependencies) -> None:
    with pytest.raises(ValueError, match=r"^the message has no verification id$"):
        finalize(deps, DueMessage("ver_x", None))
