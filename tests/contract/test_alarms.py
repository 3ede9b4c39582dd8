"""Every alarm watches a metric that exists, every metric of ours has an alarm, and each is quick and described."""

import re
from pathlib import Path
from typing import Any

import pytest

from bridge import observability
from tests.integration.alarms import ALARMS, Alarm
from tests.integration.test_failures import CASES

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")

# The metrics of AWS that alarms watch: their dimensions, what they have to be, and the page of AWS that has them.
API = {"ApiId": {"Ref": "Api"}}
FINALIZE = {"FunctionName": {"Ref": "FinalizeFunction"}}
AWS_METRICS: dict[tuple[str, str], tuple[dict[str, Any], str]] = {
    ("AWS/ApiGateway", "5xx"): (
        API,
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html",
    ),
    ("AWS/Lambda", "Errors"): (
        FINALIZE,
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    ),
    ("AWS/Lambda", "Throttles"): (
        FINALIZE,
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    ),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): (
        {"QueueName": {"Fn::GetAtt": ["DueQueue", "QueueName"]}},
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    ),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): (
        {"QueueName": {"Fn::GetAtt": ["DueDeadLetterQueue", "QueueName"]}},
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    ),
}
# What tests see in a function's output beside the cases: see tests/integration/test_failures.py.
EMITTED = {case.metric for case in CASES.values()} | {observability.GAVE_UP, observability.OLDEST_DUE_SECONDS}

by_alarm = pytest.mark.parametrize("alarm", ALARMS.values(), ids=lambda alarm: alarm.name)


def test_the_alarms_watch_what_functions_emit_and_what_aws_documents_and_nothing_else() -> None:
    ours = {name for name, alarm in ALARMS.items() if alarm.properties["Namespace"] == {"Ref": "AWS::StackName"}}
    others = {(alarm.properties["Namespace"], name) for name, alarm in ALARMS.items() if name not in ours}
    assert ours == EMITTED
    assert others == AWS_METRICS.keys()


def test_every_metric_of_ours_has_an_alarm() -> None:
    declared = {value for name, value in vars(observability).items() if name.isupper() and isinstance(value, str)}
    assert declared == EMITTED


@pytest.mark.parametrize(("metric", "documented"), AWS_METRICS.items())
def test_an_alarm_names_the_dimensions_that_aws_documents(
    metric: tuple[str, str], documented: tuple[dict[str, Any], str]
) -> None:
    assert ALARMS[metric[1]].dimensions == documented[0]


@by_alarm
def test_an_alarm_is_raised_within_15_minutes_of_its_cause(alarm: Alarm) -> None:
    declared = alarm.properties
    needed = declared.get("DatapointsToAlarm", declared["EvaluationPeriods"])
    # Until an age is reached, and then until enough periods are over; AWS takes some two minutes to show a metric.
    age = declared["Threshold"] if declared["Statistic"] == "Maximum" else 0
    assert age + declared["Period"] * needed + 120 <= 15 * 60
    assert declared["Period"] * declared["EvaluationPeriods"] <= 15 * 60


@by_alarm
def test_an_alarm_is_sent_to_the_topic_and_described_on_the_page(alarm: Alarm) -> None:
    assert alarm.properties["AlarmActions"] == {
        "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
    }
    assert alarm.properties["AlarmDescription"].endswith(".")
    assert re.search(rf"^\| `{alarm.name}` \| .+ \| .+ \|$", OPERATIONS, re.MULTILINE)


def test_only_a_metric_that_is_always_emitted_may_be_missed() -> None:
    breaching = {name for name, alarm in ALARMS.items() if alarm.properties["TreatMissingData"] == "breaching"}
    assert breaching == {observability.OLDEST_DUE_SECONDS}
