"""Every alarm watches an existing metric, is quick and is described. Every metric of a failure has an alarm."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from bridge import observability
from bridge.domain import webhook_retries
from tests.integration.alarms import ALARMS, Alarm
from tests.integration.failure_cases import CASES

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")

API = {"ApiId": {"Ref": "Api"}}
PAGES = {
    "AWS/ApiGateway": "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html",
    "AWS/Lambda": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    "AWS/SQS": (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
    ),
}


def function(name: str) -> dict[str, Any]:
    return {"FunctionName": {"Ref": name}}


def queue(name: str) -> dict[str, Any]:
    return {"QueueName": {"Fn::GetAtt": [name, "QueueName"]}}


# Alarms on AWS's metrics: the metric and its dimensions, which AWS documents on one of PAGES.
AWS_METRICS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Api5xxAlarm": ("AWS/ApiGateway", "5xx", API),
    "DeadLetterAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("DueDeadLetterQueue")),
    "DeliverErrorsAlarm": ("AWS/Lambda", "Errors", function("DeliverFunction")),
    "DeliveryBacklogAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("DeliveryQueue")),
    "DeliveryDeadLetterAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("DeliveryDeadLetterQueue")),
    "DueQueueAgeAlarm": ("AWS/SQS", "ApproximateAgeOfOldestMessage", queue("DueQueue")),
    "PublishAgeAlarm": ("AWS/Lambda", "IteratorAge", function("PublishFunction")),
    "PublishDeadLetterAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("PublishDeadLetterQueue")),
    "FinalizeErrorsAlarm": ("AWS/Lambda", "Errors", function("FinalizeFunction")),
}
# Alarms whose metric is a number of messages.
COUNTS = {"DeliveryBacklogAlarm"}
# Alarms whose bad minutes may be far apart, because what failed is repeated by callers' requests, or after minutes.
HOURLY = {"VendorFaultAlarm", "StorageFaultAlarm", "Api5xxAlarm", "DeliveryFaultAlarm"}
# Alarms whose metric is in milliseconds.
MILLISECONDS = {"PublishAgeAlarm"}
# The metrics that functions emit. tests/integration/failure_cases.py lacks the two that are named here.
EMITTED = {case.metric for case in CASES.values()} | {observability.GAVE_UP, observability.OLDEST_DUE_SECONDS}
# A mismatch is no failure: the person is not the one that the caller expects.
WITHOUT_ALARM = {observability.EXPECTED_MISMATCH}

by_alarm = pytest.mark.parametrize("alarm", ALARMS.values(), ids=lambda alarm: alarm.name)


def test_the_alarms_watch_only_emitted_metrics_and_metrics_of_aws() -> None:
    ours = {name for name, alarm in ALARMS.items() if alarm.properties["Namespace"] == {"Ref": "AWS::StackName"}}
    assert ours == EMITTED
    assert ALARMS.keys() - ours == AWS_METRICS.keys()
    assert {namespace for namespace, _, _ in AWS_METRICS.values()} == PAGES.keys()


def test_every_metric_of_a_failure_has_an_alarm() -> None:
    declared = {value for name, value in vars(observability).items() if name.isupper() and isinstance(value, str)}
    assert declared - WITHOUT_ALARM == EMITTED


@pytest.mark.parametrize("name", AWS_METRICS)
def test_an_alarm_has_a_metric_and_dimensions_that_aws_documents(name: str) -> None:
    properties = ALARMS[name].properties
    assert (properties["Namespace"], properties["MetricName"], ALARMS[name].dimensions) == AWS_METRICS[name]


@by_alarm
def test_an_alarm_is_raised_within_15_minutes_of_its_cause(alarm: Alarm) -> None:
    declared = alarm.properties
    needed = declared.get("DatapointsToAlarm", declared["EvaluationPeriods"])
    # The age must be reached and enough periods must pass. AWS shows a metric after about two minutes.
    age = declared["Threshold"] if declared["Statistic"] == "Maximum" and alarm.name not in COUNTS else 0
    age = age / 1000 if alarm.name in MILLISECONDS else age
    assert age + declared["Period"] * needed + 120 <= 15 * 60
    considered = declared["Period"] * declared["EvaluationPeriods"]
    assert considered == 60 * 60 if alarm.name in HOURLY else considered <= 15 * 60


def test_one_webhook_that_keeps_failing_raises_its_alarm() -> None:
    """In a quiet stack no other webhook fails, so the retries of this one must be enough."""
    alarm = ALARMS["DeliveryFault"].properties
    attempts = itertools.accumulate(webhook_retries.DELAYS, initial=0)
    minutes = {int(seconds // alarm["Period"]) for seconds in attempts}
    assert sum(minute < alarm["EvaluationPeriods"] for minute in minutes) >= alarm["DatapointsToAlarm"]


@by_alarm
def test_an_alarm_is_sent_to_the_topic_and_described_in_the_docs(alarm: Alarm) -> None:
    assert alarm.properties["AlarmActions"] == {
        "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
    }
    assert alarm.properties["AlarmDescription"].endswith(".")
    section = OPERATIONS.partition(f"\n### `{alarm.name}`\n")[2].partition("\n##")[0]
    assert re.search(r"\*\*Cause\.\*\* \w.+\*\*Action\.\*\* \w", section, re.DOTALL)


def test_only_a_metric_that_is_always_emitted_alarms_if_it_is_missing() -> None:
    breaching = {name for name, alarm in ALARMS.items() if alarm.properties["TreatMissingData"] == "breaching"}
    assert breaching == {observability.OLDEST_DUE_SECONDS}
