"""No failure is silent: each leaves one log line and one count, and what it counts in has its alarm.

The handlers run as Lambda runs them, a failure is injected, and what they print is read as CloudWatch would read it.
"""

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias
from unittest import mock

import pytest

from bridge.aws import secrets
from bridge.aws.delivery_queue import DeliveryQueue
from bridge.aws.due_queue import DueQueue
from bridge.domain.errors import NotFound
from bridge.domain.schedule import FIRST_CHECK
from bridge.domain.verification import Verification
from bridge.observability import OLDEST_DUE_SECONDS, attach_verification_id, logger, metrics, record_failure
from bridge.settings import Settings
from bridge.store.call_counters import CallCounters
from bridge.store.rows import reference_key
from bridge.vendor.rate_limiter import RateLimiter
from tests.integration.alarms import ALARMS, emitted, powertools_settings
from tests.integration.harness import WANTED, World, http_event
from tests.sandbox.functions import FunctionError
from tests.unit.tokens import ISSUER, token

# A failure's own fields in its line.
_FIELDS = {"error", "operation", "error_code", "http_status", "what", "verification_id", "message_id"}
_FIELDS |= {"endpoint", "event_id", "reason"}


@dataclass(frozen=True, slots=True)
class Scene(World):
    """A world with one verification, whose person has passed all checks at the vendor."""

    verification: Verification

    def message(self, body: str) -> None:
        records = [{"messageId": "message-1", "body": body, "eventSource": "aws:sqs"}]
        self.sandbox.invoke("FinalizeFunction", {"Records": records})

    def deliver(self, endpoint: str, *, age: int = 0) -> None:
        """An event for an endpoint on this machine, which answers nothing; sent to the queue `age` seconds ago."""
        nowhere = {"name": "crm", "url": "http://127.0.0.1:1/canary", "secrets": ["whsec_" + "Y2FuYXJ5" * 6]}
        arn = self.deps.settings.webhook_endpoints_secret_arn
        value = json.dumps({"endpoints": [nowhere, {"name": "canary "}]})
        self.sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)
        data = {"id": self.verification.id, "reference": "canary"}
        event = {
            "id": self.event_id,
            "type": "verification.verified",
            "timestamp": "",
            "principal": "web",
            "data": data,
        }
        body = {"endpoint": endpoint, "event": event} if endpoint else {"detail": event}
        sent = {"ApproximateReceiveCount": "1", "SentTimestamp": str((self.clock.epoch - age) * 1000)}
        record = {"messageId": "message-1", "receiptHandle": "handle", "attributes": sent, "eventSource": "aws:sqs"}
        vars(self.deps)["delivery_queue"] = DeliveryQueue(
            mock.MagicMock(**{"send_message_batch.return_value": {"Successful": ["crm"]}}),
            "https://sqs.example/a",
            "https://sqs.example/b",
        )
        self.sandbox.invoke("DeliverFunction", {"Records": [record | {"body": json.dumps(body)}]})

    @property
    def event_id(self) -> str:
        return f"evt_{self.verification.id[4:]}_2"

    def authorize(self, credential: str) -> None:
        event = http_event("GET", "/verifications/ver_x") | {"headers": {"authorization": f"Bearer {credential}"}}
        self.sandbox.invoke("AuthorizeFunction", event)

    def put_secret(self, arn: str, text: str) -> None:
        self.sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


@pytest.fixture
def scene(world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Scene:
    # Powertools took these from this process's environment when it was imported.
    namespace, service = powertools_settings(world.sandbox.stack)
    monkeypatch.setattr(metrics.provider, "namespace", namespace)
    monkeypatch.setattr(metrics.provider, "service", service)
    verification = world.new("verified")
    log.truncate(0)
    return Scene(**{each.name: getattr(world, each.name) for each in fields(World)}, verification=verification)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    metrics.clear_metrics()
    return log


def failures(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines above INFO, by what they say of the failure."""
    lines = [json.loads(line) for line in log.getvalue().replace("\0", "").splitlines()]
    return [
        {"message": line["message"]} | {name: line[name] for name in line.keys() & _FIELDS}
        for line in lines
        if line["level"] in ("WARNING", "ERROR")
    ]


Step: TypeAlias = Callable[[Scene], object]


@dataclass(frozen=True, slots=True)
class Case:
    """`shown` are the fields of the line; it names the scene's verification unless `names_it` is False."""

    inject: Step
    act: Step
    message: str
    metric: str
    shown: dict[str, Any]
    names_it: bool = True
    # Of a webhook, the endpoint that its line names, with the event.
    endpoint: str = ""


def deny(call: str, code: str = "AccessDeniedException") -> Step:
    return lambda scene: scene.aws.deny(call, code)


def denied(
    call: str, act: Step, message: str, code: str = "AccessDeniedException", *, names_it: bool = True, **more: str
) -> Case:
    shown = storage(call.partition(".")[2], code) | more
    return Case(deny(call, code), act, message, "StorageFault", shown, names_it)


def storage(operation: str, code: str) -> dict[str, Any]:
    return {"error": "StorageUnavailable", "operation": operation, "error_code": code}


def vendor(fault: str, on: Literal["create", "get"] = "get") -> Step:
    return lambda scene: scene.vendor.fault(fault, on=on, times=None)


def fails(fault: str, act: Step, error: str = "VendorUnavailable", metric: str = "VendorFault", **more: Any) -> Case:
    """A check whose GET ends in a fault of the vendor's."""
    shown = {"error": error, "operation": "GetVerification"} | more
    return Case(vendor(fault), act, "check_failed", metric, shown)


def refused_create(fault: str, error: str, **more: Any) -> Case:
    shown = {"error": error, "operation": "CreateVerification"} | more
    return Case(vendor(fault, on="create"), create, "request_failed", "VendorFault", shown, False)


def record(outcome: str, what: str) -> Case:
    return Case(
        lambda scene: scene.play(scene.verification, outcome), person_returns, "inconsistent_result",
        "InconsistentResult", {"what": what},
    )  # fmt: skip


def undelivered(endpoint: str, message: str, shown: dict[str, str], *, age: int = 0) -> Case:
    """A webhook that an endpoint does not get; its line names the endpoint and the event, too."""
    return Case(
        nothing, lambda scene: scene.deliver(endpoint, age=age), message, "DeliveryFault", shown, endpoint=endpoint
    )


def nothing(scene: Scene) -> None:
    """Nothing is injected."""


def person_returns(scene: Scene) -> None:
    scene.returns(scene.verification)


def create(scene: Scene) -> None:
    scene.functions.api("POST", "/verifications", WANTED)


def api(method: str, path: str = "") -> Step:
    return lambda scene: scene.functions.api(method, f"/verifications/{scene.verification.id}{path}")


def message(scene: Scene) -> None:
    scene.message(json.dumps({"id": scene.verification.id}))


def sweep(scene: Scene) -> None:
    scene.clock.advance(FIRST_CHECK)
    scene.sandbox.invoke("SweepFunction", {})


def authorize(scene: Scene) -> None:
    scene.authorize(scene.sandbox.api_key)


def unforeseen(scene: Scene) -> None:
    vars(scene.deps)["vendor"] = SimpleNamespace(fetch=mock.Mock(side_effect=KeyError("canary")))


def rate_limit_used_up(scene: Scene) -> None:
    counters = CallCounters(scene.aws.client("dynamodb"), scene.deps.settings.rate_table_name)
    vars(scene.deps)["rate_limiter"] = RateLimiter(counters, limit=5, background=60, now=scene.clock)


def queue_that_takes_nothing(scene: Scene) -> None:
    refused = {"SenderFault": False, "Code": "InternalError", "Message": "canary"}
    full = SimpleNamespace(
        send_message_batch=lambda QueueUrl, Entries: {"Failed": [{"Id": each["Id"]} | refused for each in Entries]},
        get_queue_attributes=lambda QueueUrl, AttributeNames: {"Attributes": dict.fromkeys(AttributeNames, "0")},
    )
    vars(scene.deps)["due_queue"] = DueQueue(full, "https://sqs.example/due")


def undecided_and_refreshed(scene: Scene) -> None:
    """Open after a refresh of just now, while the queue takes nothing."""
    scene.play(scene.verification, "ocr_passed")
    scene.refresh(scene.verification)
    queue_that_takes_nothing(scene)


def provider_that_is_away(scene: Scene) -> None:
    issuer = {"JWT_ISSUER": ISSUER.issuer, "JWT_AUDIENCE": ISSUER.audiences[0], "JWKS_URL": "http://127.0.0.1:1/"}
    scene.deps.settings = Settings({**os.environ, "JWT_ALGORITHMS": ",".join(ISSUER.algorithms)} | issuer)


def api_keys(text: str) -> Step:
    return lambda scene: scene.put_secret(scene.deps.settings.api_keys_secret_arn, text)


def after_a_call(inject: Step) -> Step:
    """What is injected meets an authorizer that has let somebody in before, and has to fetch its keys anew."""

    def injected(scene: Scene) -> None:
        with mock.patch.object(secrets, "MAX_AGE", 0):
            authorize(scene)
        inject(scene)

    return injected


def person_returns_while_credentials_are_malformed(scene: Scene) -> None:
    """The vendor's secret is the sandbox's, so it is put back at once."""
    arn = scene.deps.settings.ekyc_credentials_secret_arn
    good = scene.sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    scene.put_secret(arn, '{"client_id": "canary",}')
    try:
        person_returns(scene)
    finally:
        scene.put_secret(arn, good)


def inerasable(scene: Scene) -> None:
    """As if the caller had said whom it expects."""
    scene.stored.set(scene.verification.id, "has_expected", True)
    scene.aws.deny("dynamodb.DeleteItem")


def unreadable(scene: Scene) -> None:
    """A newer version wrote the row, say, before a deployment went back."""
    scene.stored.set(scene.verification.id, "status", "archived")
    scene.stored.set(scene.verification.id, "reference_key", reference_key(scene.verification.principal, "order-1"))


MALFORMED = {"error": "SecretMalformed", "operation": "GetSecretValue", "error_code": "malformed"}
NOT_CONNECTED = {"operation": "PostWebhook", "error_code": "NotConnected"}
UNREADABLE = {"error": "UnreadableRow"}
CASES = {
    "return, DynamoDB denies": denied("dynamodb.UpdateItem", person_returns, "request_failed"),
    "return, S3 denies": denied("s3.PutObject", person_returns, "check_failed", "AccessDenied"),
    "return, vendor fails": fails("500", person_returns, http_status=500),
    "return, vendor resets the connection": fails("reset", person_returns),
    "return, vendor limits us": fails("429", person_returns, "VendorRateLimited", http_status=429),
    "return, vendor rejects inside a 200": fails("inner_status:422", person_returns, "VendorRejected", http_status=422),
    "return, vendor sends no JSON": fails("garbage", person_returns, "VendorMalformed", what="not JSON"),
    "return, vendor rejects our credentials": fails(
        "401", person_returns, "VendorCredentials", "VendorCredentials", http_status=401
    ),
    "return, unforeseen error": Case(
        unforeseen, person_returns, "invocation_failed", "InternalError", {"error": "KeyError"}
    ),
    "return, rejected credentials and a malformed secret": Case(
        lambda scene: scene.vendor.fault("401", on="get", times=1),
        person_returns_while_credentials_are_malformed, "secret_not_refreshed", "InternalError", MALFORMED, False,
    ),
    "return, record contradicts itself": record("inconsistent", "is_success"),
    "return, record names no token": record("verified+token_missing", "token"),
    "return, record of another token, country and document": record(
        "verified+other_token+other_country+other_document", "token, url, ocr_country, ocr_type"
    ),
    "return, SQS takes no follow-up": Case(
        undecided_and_refreshed, person_returns, "follow_up_not_sent", "StorageFault",
        storage("SendMessageBatch", "InternalError"),
    ),
    "message, SQS takes no repetition": Case(
        undecided_and_refreshed, message, "message_failed", "StorageFault",
        storage("SendMessageBatch", "InternalError") | {"message_id": "message-1"},
    ),
    "status, DynamoDB denies": denied(
        "dynamodb.GetItem",
        lambda scene: scene.functions.browser(f"/status/{scene.verification.id}/{scene.verification.code}"),
        "request_failed",
    ),
    "read, DynamoDB throttles": denied("dynamodb.GetItem", api("GET"), "request_failed", "ThrottlingException"),
    "read, row unreadable": Case(unreadable, api("GET"), "invocation_failed", "InternalError", UNREADABLE),
    "list, row unreadable": Case(
        unreadable, lambda scene: scene.functions.api("GET", "/verifications", query={"reference": "order-1"}),
        "row_unreadable", "InternalError", UNREADABLE,
    ),
    "redaction, S3 denies": denied("s3.ListObjectVersions", api("POST", "/redact"), "request_failed", "AccessDenied"),
    "refresh, vendor fails": fails("500", api("POST", "/refresh"), http_status=500),
    "create, vendor fails": refused_create("500", "VendorUnavailable", http_status=500),
    "create, vendor sends no JSON": refused_create("garbage", "VendorMalformed", what="not JSON"),
    "create, our share of the rate limit is used up": Case(
        rate_limit_used_up, create, "request_failed", "VendorLimitReached",
        {"error": "VendorLimitReached", "operation": "CreateVerification"}, False,
    ),
    "create, DynamoDB denies": denied("dynamodb.PutItem", create, "request_failed", names_it=False),
    "message, DynamoDB denies": denied("dynamodb.UpdateItem", message, "message_failed", message_id="message-1"),
    "message, vendor fails": fails("503", message, http_status=503),
    "return, what is expected cannot be erased": Case(
        inerasable, person_returns, "expected_not_erased", "StorageFault",
        storage("DeleteItem", "AccessDeniedException"),
    ),
    "message, row unreadable": Case(unreadable, message, "row_unreadable", "InternalError", UNREADABLE),
    "message, poison": Case(
        nothing, lambda scene: scene.message('{"name": "canary"}'), "message_failed", "InternalError",
        {"error": "KeyError", "message_id": "message-1"}, False,
    ),
    "webhook, its endpoint does not take it": undelivered(
        "crm", "message_failed", NOT_CONNECTED | {"error": "DeliveryFailed", "message_id": "message-1"}
    ),
    "webhook, its endpoint does not take it for 72 hours": undelivered(
        "crm", "delivery_gave_up", NOT_CONNECTED, age=72 * 3600
    ),
    "webhook, its endpoint is gone": undelivered("gone", "endpoint_off", {"reason": "it is not in the secret"}),
    "webhook, DynamoDB denies": denied(
        "dynamodb.GetItem", lambda scene: scene.deliver("crm"), "message_failed", message_id="message-1"
    ),
    "event, the entry of an endpoint has no name": Case(
        nothing, lambda scene: scene.deliver(""), "endpoint_off", "InternalError",
        {"reason": "name is not 1 to 40 of a-z, 0-9 and -", "endpoint": "#1"}, False,
    ),
    "sweep, DynamoDB denies the query": denied("dynamodb.Query", sweep, "invocation_failed", names_it=False),
    "sweep, DynamoDB denies the claim": denied("dynamodb.UpdateItem", sweep, "invocation_failed"),
    "sweep, SQS denies": denied("sqs.SendMessageBatch", sweep, "invocation_failed", "AccessDenied", names_it=False),
    "sweep, SQS takes nothing of the batch": Case(
        queue_that_takes_nothing, sweep, "message_not_sent", "StorageFault",
        storage("SendMessageBatch", "InternalError"),
    ),
    "sweep, row unreadable": Case(unreadable, sweep, "row_unreadable", "InternalError", UNREADABLE),
    "authorizer, Secrets Manager denies": denied(
        "secretsmanager.GetSecretValue", authorize, "invocation_failed", names_it=False
    ),
    "authorizer, identity provider away": Case(
        provider_that_is_away, lambda scene: scene.authorize(token()), "invocation_failed", "StorageFault",
        storage("jwks", "ConnectionError"), False,
    ),
    "authorizer, keys malformed": Case(
        api_keys("canary"), authorize, "invocation_failed", "InternalError", MALFORMED, False
    ),
    "authorizer, known keys malformed now": Case(
        after_a_call(api_keys('{"keys": [{"canary": 1},]}')), authorize, "secret_not_refreshed", "InternalError",
        MALFORMED, False,
    ),
    "authorizer, known keys denied now": Case(
        after_a_call(deny("secretsmanager.GetSecretValue")), authorize, "secret_not_refreshed", "StorageFault",
        storage("GetSecretValue", "AccessDeniedException"), False,
    ),
    "authorizer, entry malformed": Case(
        api_keys('{"keys": [{"sha256": "canary"}]}'), authorize, "api_key_malformed", "InternalError",
        {"error": "KeyError"}, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_failure_leaves_one_line_and_one_count_in_the_metric_of_an_alarm(
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
        # The id of a verification that nobody got.
        assert failed[0].pop("verification_id").startswith("ver_")
    named = {"verification_id": scene.verification.id} if case.names_it else {}
    named |= {"endpoint": case.endpoint, "event_id": scene.event_id} if case.endpoint else {}
    assert failed == [{"message": case.message} | case.shown | named]
    counted = emitted(capsys.readouterr().out)
    alarm = ALARMS[case.metric].resolved(scene.sandbox.stack)
    assert {metric: value for metric, value in counted.items() if metric.name != OLDEST_DUE_SECONDS} == {alarm: 1}
    assert "canary" not in log.getvalue()


def unreleasable(scene: Scene) -> None:
    vendor("500", on="create")(scene)
    scene.aws.deny("dynamodb.DeleteItem")


def unreschedulable(scene: Scene) -> None:
    vendor("500")(scene)
    # After the claim and the three attempts at the vendor, each counted.
    scene.aws.before_call(5, lambda: scene.aws.deny("dynamodb.UpdateItem"))


@pytest.mark.parametrize(
    ("inject", "act", "lines"),
    [
        (unreleasable, create, ["release_failed DeleteItem", "request_failed CreateVerification"]),
        (unreschedulable, person_returns, ["check_failed GetVerification", "reschedule_failed UpdateItem"]),
    ],
)
def test_a_failure_while_a_failure_is_handled_leaves_its_own_line(
    scene: Scene, log: io.StringIO, inject: Step, act: Step, lines: list[str]
) -> None:
    inject(scene)
    act(scene)
    failed = failures(log)
    assert [f"{each['message']} {each['operation']}" for each in failed] == lines
    assert len({each["verification_id"] for each in failed}) == 1


def test_a_return_to_an_origin_that_is_not_allowed_any_more_leaves_a_line(scene: Scene, log: io.StringIO) -> None:
    scene.deps.settings = Settings({**os.environ, "ALLOWED_REDIRECT_ORIGINS": ""})
    person_returns(scene)
    (line,) = [each for each in log.getvalue().replace("\0", "").splitlines() if "request_rejected" in each]
    rejected = json.loads(line)
    assert (rejected["code"], rejected["verification_id"]) == ("redirect_not_allowed", scene.verification.id)


def test_giving_up_counts_in_the_metric_of_its_alarm(
    scene: Scene, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor("500")(scene)
    scene.clock.advance(900 + scene.deps.settings.give_up_after)
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
def test_an_outage_that_one_person_meets_raises_an_alarm_within_15_minutes(
    scene: Scene, capsys: pytest.CaptureFixture[str], inject: Step, metric: str
) -> None:
    inject(scene)
    person_returns(scene)
    # AWS takes some two minutes to show a metric. The pauses between checks are the longest that jitter allows.
    bad_minutes = 0
    for _ in range(13):
        bad_minutes += any(each.name == metric for each in emitted(capsys.readouterr().out))
        scene.clock.advance(60)
        scene.sweep_and_drain()
    scene.aws.forget()

    assert bad_minutes >= ALARMS[metric].properties["DatapointsToAlarm"]


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
def test_a_sweep_that_fails_reports_no_age_so_that_its_alarm_misses_it(
    scene: Scene, capsys: pytest.CaptureFixture[str], call: str
) -> None:
    scene.aws.deny(call)
    with pytest.raises(FunctionError):
        sweep(scene)
    assert OLDEST_DUE_SECONDS not in {metric.name for metric in emitted(capsys.readouterr().out)}
    assert ALARMS[OLDEST_DUE_SECONDS].properties["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(("text", "logged"), [("ver_" + "a" * 26, ["ver_" + "a" * 26]), ("canary", []), ("", [])])
def test_a_text_that_is_no_id_is_not_logged_as_one(log: io.StringIO, text: str, logged: list[str]) -> None:
    error = KeyError("canary")
    with pytest.raises(KeyError), attach_verification_id(text):
        raise error
    record_failure("invocation_failed", error)
    assert [each["verification_id"] for each in failures(log) if "verification_id" in each] == logged


def test_only_an_unforeseen_error_is_logged_with_its_place(log: io.StringIO) -> None:
    for error in (KeyError("canary"), NotFound()):
        record_failure("invocation_failed", error)
    assert ["where" in json.loads(line) for line in log.getvalue().splitlines()] == [True, False]
