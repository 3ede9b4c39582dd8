"""Each failure leaves one log line, and counts once in a metric that has an alarm.

The tests inject a failure, run the handlers as Lambda does, and read their output as CloudWatch does.
"""

import io
import json
import os

import pytest

from bridge.domain.errors import NotFound
from bridge.observability import OLDEST_DUE_SECONDS, attach_verification_id, record_failure
from bridge.settings import Settings
from tests.integration.alarms import ALARMS, emitted
from tests.integration.failure_cases import CASES, Case
from tests.integration.failure_scenes import Scene, Step, create, failures, message, person_returns, sweep, vendor
from tests.integration.functions import CREATE_BODY
from tests.sandbox.functions import FunctionError


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_failure_logs_one_line_and_counts_once_in_the_metric_of_an_alarm(
    scene: Scene, log: io.StringIO, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    case.inject(scene)
    capsys.readouterr()
    try:
        case.act(scene)
    except FunctionError:
        assert case.message == "invocation_failed"

    failed = failures(log)
    if case.message == "request_failed" and not case.names_it:
        # The id of a verification that was not created.
        assert failed[0].pop("verification_id").startswith("ver_")
    named = {"verification_id": scene.verification.id} if case.names_it else {}
    named |= {"endpoint": case.endpoint, "event_id": scene.event_id} if case.endpoint else {}
    assert failed == [{"message": case.message} | case.shown | named]
    counted = emitted(capsys.readouterr().out)
    alarm = ALARMS[case.metric].resolved(scene.sandbox.stack)
    assert {metric: value for metric, value in counted.items() if metric.name != OLDEST_DUE_SECONDS} == {alarm: 1}
    assert "canary" not in log.getvalue()


def release_fails(scene: Scene) -> None:
    vendor("500", on="create")(scene)
    scene.aws.deny("dynamodb.DeleteItem")


def reschedule_fails(scene: Scene) -> None:
    vendor("500")(scene)
    # The first four calls are the claim, and the counts of three attempts at the vendor.
    scene.aws.before_call(5, lambda: scene.aws.deny("dynamodb.UpdateItem"))


@pytest.mark.parametrize(
    ("inject", "act", "lines"),
    [
        (release_fails, create, ["release_failed DeleteItem", "request_failed CreateVerification"]),
        (reschedule_fails, person_returns, ["check_failed GetVerification", "reschedule_failed UpdateItem"]),
    ],
)
def test_a_failure_during_error_handling_logs_its_own_line(
    scene: Scene, log: io.StringIO, inject: Step, act: Step, lines: list[str]
) -> None:
    inject(scene)
    act(scene)
    failed = failures(log)
    assert [f"{each['message']} {each['operation']}" for each in failed] == lines
    assert len({each["verification_id"] for each in failed}) == 1


def test_a_return_to_a_withdrawn_origin_is_logged(scene: Scene, log: io.StringIO) -> None:
    scene.deps.settings = Settings({**os.environ, "ALLOWED_REDIRECT_ORIGINS": ""})
    person_returns(scene)
    (line,) = [each for each in log.getvalue().replace("\0", "").splitlines() if "request_rejected" in each]
    rejected = json.loads(line)
    assert (rejected["code"], rejected["verification_id"]) == ("redirect_not_allowed", scene.verification.id)


def test_giving_up_counts_in_the_metric_of_its_alarm(
    scene: Scene, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor("500")(scene)
    scene.clock.advance(900 + scene.deps.settings.give_up_after_seconds)
    capsys.readouterr()

    message(scene)

    assert [each["message"] for each in failures(log)] == ["check_failed", "gave_up"]
    expected = {ALARMS[name].resolved(scene.sandbox.stack) for name in ("VendorFault", "GaveUp")}
    assert emitted(capsys.readouterr().out).keys() == expected


@pytest.mark.parametrize(
    ("inject", "metric"),
    [
        (vendor("500"), "VendorFault"),
        (lambda scene: scene.aws.refuse("s3.PutObject", times=100), "StorageFault"),
    ],
)
def test_an_outage_during_one_return_raises_an_alarm_within_15_minutes(
    scene: Scene, capsys: pytest.CaptureFixture[str], inject: Step, metric: str
) -> None:
    inject(scene)
    person_returns(scene)
    # AWS shows a metric after about two minutes. Jitter is maximal, so the pauses between checks are the longest.
    bad_minutes = 0
    for _ in range(13):
        bad_minutes += any(each.name == metric for each in emitted(capsys.readouterr().out))
        scene.clock.advance(60)
        scene.sweep_and_drain()
    scene.aws.reset()

    assert bad_minutes >= ALARMS[metric].properties["DatapointsToAlarm"]


@pytest.mark.parametrize(
    ("inject", "metric"),
    [
        (vendor("500", on="create"), "VendorFault"),
        (lambda scene: scene.aws.refuse("dynamodb.PutItem", times=100), "StorageFault"),
    ],
)
def test_an_outage_with_a_create_every_ten_minutes_raises_alarms_within_an_hour(
    scene: Scene, capsys: pytest.CaptureFixture[str], inject: Step, metric: str
) -> None:
    inject(scene)
    capsys.readouterr()
    bad_minutes = []
    # AWS shows a metric after about two minutes.
    for minute in range(0, 60 - 2, 10):
        assert scene.functions.api("POST", "/verifications", CREATE_BODY).status >= 500
        if any(each.name == metric for each in emitted(capsys.readouterr().out)):
            bad_minutes.append(minute)
        scene.clock.advance(600)
    scene.aws.reset()

    for alarm in (ALARMS[metric].properties, ALARMS["Api5xxAlarm"].properties):
        considered = alarm["Period"] * alarm["EvaluationPeriods"] / 60
        most = max(sum(last - considered < each <= last for each in bad_minutes) for last in bad_minutes)
        assert most >= alarm["DatapointsToAlarm"]


@pytest.mark.parametrize("seconds", [0, 90])
def test_a_sweep_reports_how_long_the_oldest_has_been_due(
    scene: Scene, capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    scene.new()
    scene.clock.advance(seconds)
    capsys.readouterr()

    sweep(scene)
    reported = emitted(capsys.readouterr().out)
    scene.sandbox.invoke("SweepFunction", {})
    reported_when_all_is_done = emitted(capsys.readouterr().out)

    alarm = ALARMS[OLDEST_DUE_SECONDS].resolved(scene.sandbox.stack)
    assert (reported, reported_when_all_is_done) == ({alarm: seconds}, {alarm: 0})


@pytest.mark.parametrize("call", ["dynamodb.Query", "dynamodb.UpdateItem", "sqs.SendMessageBatch"])
def test_a_failed_sweep_reports_no_age_and_a_missing_age_raises_the_alarm(
    scene: Scene, capsys: pytest.CaptureFixture[str], call: str
) -> None:
    scene.aws.deny(call)
    with pytest.raises(FunctionError):
        sweep(scene)
    assert OLDEST_DUE_SECONDS not in {metric.name for metric in emitted(capsys.readouterr().out)}
    assert ALARMS[OLDEST_DUE_SECONDS].properties["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(("text", "logged"), [("ver_" + "a" * 26, ["ver_" + "a" * 26]), ("canary", []), ("", [])])
def test_text_that_is_no_id_is_not_logged_as_an_id(log: io.StringIO, text: str, logged: list[str]) -> None:
    error = KeyError("canary")
    with pytest.raises(KeyError), attach_verification_id(text):
        raise error
    record_failure("invocation_failed", error)
    assert [each["verification_id"] for each in failures(log) if "verification_id" in each] == logged


def test_only_an_unexpected_error_is_logged_with_its_location(log: io.StringIO) -> None:
    for error in (KeyError("canary"), NotFound()):
        record_failure("invocation_failed", error)
    assert ["where" in json.loads(line) for line in log.getvalue().splitlines()] == [True, False]
