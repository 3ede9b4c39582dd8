"""Tests that the deployed alarms watch the metrics that functions write, and AWS's metrics by their documented names.

The emulator does not turn log lines into metrics; `forward` does.
"""

import json
from typing import Any

import pytest

from tests.deployed.stack import NAME, DeployedStack, eventually
from tests.integration.alarms import ALARMS, Alarm, Metric, emitted
from tests.sandbox.events import queue_event, queue_message


def state(stack: DeployedStack, alarm: str) -> str:
    """Returns the state of an alarm, by its logical id."""
    described = stack.client("cloudwatch").describe_alarms(AlarmNames=[stack.resource(alarm)])
    value: str = described["MetricAlarms"][0]["StateValue"]
    return value


def put(stack: DeployedStack, metric: Metric, value: float) -> None:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    data = [{"MetricName": metric.name, "Dimensions": dimensions, "Value": value}]
    stack.client("cloudwatch").put_metric_data(Namespace=metric.namespace, MetricData=data)


def forward(stack: DeployedStack, function: str, name: str) -> Metric:
    """Puts the newest metric with a name from a function's log into CloudWatch."""

    def newest() -> dict[Metric, float]:
        for line in reversed(stack.logs(function)):
            if found := {metric: value for metric, value in emitted(json.dumps(line)).items() if metric.name == name}:
                return found
        return {}

    [(metric, value)] = eventually(newest).items()
    put(stack, metric, value)
    return metric


def watching(stack: DeployedStack, metric: Metric) -> list[str]:
    """Returns the names of the alarms that watch exactly this metric."""
    # The emulator itself matches alarms and metrics by name only (docs/reliability.md).
    found = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return [each["AlarmName"] for each in found if _metric(each) == metric]


def watched(stack: DeployedStack, alarm: Alarm) -> Metric:
    """Returns the metric of a deployed alarm, with the stack's physical ids."""
    (declared,) = stack.client("cloudwatch").describe_alarms(AlarmNames=[stack.resource(alarm.name)])["MetricAlarms"]
    return _metric(declared)


def _metric(alarm: dict[str, Any]) -> Metric:
    dimensions = sorted((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return Metric(alarm["Namespace"], alarm["MetricName"], tuple(dimensions))


def test_finished_sweep_keeps_its_alarm_ok(stack: DeployedStack) -> None:
    assert "FunctionError" not in stack.sweep()

    metric = forward(stack, "sweep", "OldestDueSeconds")

    assert watching(stack, metric) == [stack.resource("SweepAlarm")]
    assert eventually(lambda: state(stack, "SweepAlarm") == "OK")


def test_failed_message_raises_the_alarm_of_its_metric(stack: DeployedStack) -> None:
    result = stack.invoke("FinalizeFunction", queue_event("DueQueue", [queue_message("poison")]))
    assert result["Payload"] == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}

    metric = forward(stack, "finalize", "InternalError")

    assert watching(stack, metric) == [stack.resource("InternalErrorAlarm")]
    assert eventually(lambda: state(stack, "InternalErrorAlarm") == "ALARM")
    (failed,) = [line for line in stack.logs("finalize") if line.get("message_id") == "message-1"]
    assert (failed["message"], failed["level"]) == ("message_failed", "ERROR")


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=lambda alarm: alarm.name)
def test_alarm_is_raised_at_its_threshold_and_not_below(stack: DeployedStack, alarm: Alarm) -> None:
    metric, threshold = watched(stack, alarm), alarm.properties["Threshold"]
    assert metric.namespace == NAME or metric.namespace.startswith("AWS/")
    for dimension, declared in alarm.dimensions.items():
        if isinstance(declared, dict) and "Ref" in declared:
            assert dict(metric.dimensions)[dimension] == stack.resource(declared["Ref"])
    assert watching(stack, metric) == [stack.resource(alarm.name)]

    if state(stack, alarm.name) != "ALARM":
        put(stack, metric, threshold - 1)
        assert eventually(lambda: state(stack, alarm.name) == "OK")
    put(stack, metric, threshold)
    assert eventually(lambda: state(stack, alarm.name) == "ALARM")
