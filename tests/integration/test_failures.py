"""No failure is silent: each leaves one log line and one count, and what it counts in has its alarm.

The handlers run as Lambda runs them, a failure is injected, and what they print is read as CloudWatch would read it.
"""

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from unittest import mock

import pytest

from bridge.auth.jwks import KeySet
from bridge.aws import secrets
from bridge.aws.delivery_queue import DeliveryQueue
from bridge.aws.due_queue import DueQueue
from bridge.dependencies import Dependencies
from bridge.domain.errors import StorageUnavailable
from bridge.domain.schedule import FIRST_CHECK
from bridge.domain.verification import Verification
from bridge.observability import OLDEST_DUE_SECONDS, attach_verification_id, logger, metrics, record_failure
from bridge.settings import Settings
from bridge.store.call_counters import CallCounters
from bridge.store.rows import reference_key
from bridge.vendor.rate_limiter import RateLimiter
from tests.integration.alarms import ALARMS, emitted, powertools_settings
from tests.integration.harness import WANTED, Aws, Clock, Functions, http_event, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.functions import FunctionError
from tests.sandbox.sandbox import Sandbox
from tests.unit.tokens import ISSUER, token

# A failure's own fields in its line.
_FIELDS = {"error", "operation", "error_code", "http_status", "what", "verification_id", "message_id"}
_FIELDS |= {"endpoint", "event_id", "reason"}


@dataclass(frozen=True, slots=True)
class World:
    sandbox: Sandbox
    deps: Dependencies
    functions: Functions
    aws: Aws
    clock: Clock
    verification: Verification

    def finalize(self, body: str) -> None:
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

    def put_api_keys(self, text: str) -> None:
        arn = self.deps.settings.api_keys_secret_arn
        self.sandbox.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


@pytest.fixture
def world(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    aws: Aws,
    clock: Clock,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """With one verification, whose person has done all that was asked of them."""
    # Powertools took these from this process's environment when it was imported.
    namespace, service = powertools_settings(sandbox.stack)
    monkeypatch.setattr(metrics.provider, "namespace", namespace)
    monkeypatch.setattr(metrics.provider, "service", service)
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), "verified")
    log.truncate(0)
    return World(sandbox, deps, functions, aws, clock, verification)


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


Step: TypeAlias = Callable[[World], object]


@dataclass(frozen=True, slots=True)
class Case:
    """`fields` are those of the line; its verification is the world's, unless `names_it` is False."""

    inject: Step
    act: Step
    message: str
    metric: str
    fields: dict[str, Any] = field(default_factory=dict)
    names_it: bool = True
    # Of a webhook, the endpoint that its line names, with the event.
    endpoint: str = ""


def deny(call: str, code: str = "AccessDeniedException") -> Step:
    return lambda world: world.aws.deny(call, code)


def vendor(fault: str, on: Literal["create", "get"] = "get") -> Step:
    return lambda world: world.sandbox.vendor.fault(fault, on=on, times=None)


def person_returns(world: World) -> None:
    world.functions.browser(return_path(world.verification))


def create(world: World) -> None:
    world.functions.api("POST", "/verifications", WANTED)


def api(method: str, path: str = "", **query: str) -> Step:
    return lambda world: world.functions.api(method, f"/verifications/{world.verification.id}{path}", query=query)


def finalize(world: World) -> None:
    world.finalize(json.dumps({"id": world.verification.id}))


def sweep(world: World) -> None:
    world.clock.advance(FIRST_CHECK)
    world.sandbox.invoke("SweepFunction", {})


def storage(operation: str, code: str = "AccessDeniedException") -> dict[str, Any]:
    return {"error": "StorageUnavailable", "operation": operation, "error_code": code}


def outage(operation: str = "GetVerification", status: int = 500, error: str = "VendorUnavailable") -> dict[str, Any]:
    return {"error": error, "operation": operation, "http_status": status}


def unforeseen(world: World) -> None:
    class Broken:
        def fetch(self, *args: Any, **how: Any) -> None:
            raise KeyError("canary")

    vars(world.deps)["vendor"] = Broken()


def nothing(world: World) -> None:
    """Nothing is injected."""


def rate_limit_used_up(world: World) -> None:
    settings = world.deps.settings
    smallest = RateLimiter(
        CallCounters(world.aws.client("dynamodb"), settings.rate_table_name), limit=5, background=60, now=world.clock
    )
    vars(world.deps)["rate_limiter"] = smallest


def queue_that_takes_nothing(world: World) -> None:
    class Full:
        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
            refused = {"SenderFault": False, "Code": "InternalError", "Message": "canary"}
            return {"Failed": [{"Id": entry["Id"]} | refused for entry in Entries]}

        def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
            return {"Attributes": dict.fromkeys(AttributeNames, "0")}

    vars(world.deps)["due_queue"] = DueQueue(Full(), "https://sqs.example/due")


def provider_that_is_away(world: World) -> None:
    issuer = {"JWT_ISSUER": ISSUER.issuer, "JWT_AUDIENCE": ISSUER.audiences[0], "JWKS_URL": "http://127.0.0.1:1/"}
    world.deps.settings = Settings({**os.environ, "JWT_ALGORITHMS": ",".join(ISSUER.algorithms)} | issuer)


MALFORMED = {"error": "SecretMalformed", "operation": "GetSecretValue", "error_code": "malformed"}


def after_a_call(inject: Step) -> Step:
    """What is injected meets an authorizer that has let somebody in before, and has to fetch its keys anew."""

    def injected(world: World) -> None:
        with mock.patch.object(secrets, "MAX_AGE", 0):
            world.authorize(world.sandbox.api_key)
        inject(world)

    return injected


def person_returns_while_credentials_are_malformed(world: World) -> None:
    """The vendor's secret is the sandbox's, so it is put back at once."""
    client, arn = world.sandbox.client("secretsmanager"), world.deps.settings.ekyc_credentials_secret_arn
    good = client.get_secret_value(SecretId=arn)["SecretString"]
    client.put_secret_value(SecretId=arn, SecretString='{"client_id": "canary",}')
    try:
        person_returns(world)
    finally:
        client.put_secret_value(SecretId=arn, SecretString=good)


def unreadable(world: World) -> None:
    """A newer version wrote the row, say, before a deployment went back."""
    stored = StoredState(world.sandbox.client, world.deps.settings)
    stored.set(world.verification.id, "status", "archived")


def unreadable_in_a_list(world: World) -> None:
    unreadable(world)
    stored = StoredState(world.sandbox.client, world.deps.settings)
    stored.set(world.verification.id, "reference_key", reference_key(world.verification.principal, "order-1"))


def beyond_patience(world: World) -> None:
    vendor("500")(world)
    world.clock.advance(900 + world.deps.settings.give_up_after)


CASES = {
    "a return while DynamoDB denies": Case(
        deny("dynamodb.UpdateItem"), person_returns, "request_failed", "StorageFault", storage("UpdateItem")
    ),
    "a return while S3 denies": Case(
        deny("s3.PutObject", "AccessDenied"),
        person_returns,
        "check_failed",
        "StorageFault",
        storage("PutObject", "AccessDenied"),
    ),
    "a return while the vendor fails": Case(vendor("500"), person_returns, "check_failed", "VendorFault", outage()),
    "a return while the vendor refuses us": Case(
        vendor("401"),
        person_returns,
        "check_failed",
        "VendorCredentials",
        outage(status=401, error="VendorCredentials"),
    ),
    "a return that meets an error nobody foresaw": Case(
        unforeseen, person_returns, "invocation_failed", "InternalError", {"error": "KeyError"}
    ),
    "a browser's look at the status while DynamoDB denies": Case(
        deny("dynamodb.GetItem"),
        lambda world: world.functions.browser(f"/status/{world.verification.id}/{world.verification.code}"),
        "request_failed",
        "StorageFault",
        storage("GetItem"),
    ),
    "a read while DynamoDB throttles": Case(
        deny("dynamodb.GetItem", "ThrottlingException"),
        api("GET"),
        "request_failed",
        "StorageFault",
        storage("GetItem", "ThrottlingException"),
    ),
    "a redaction while S3 denies": Case(
        deny("s3.ListObjectVersions", "AccessDenied"),
        api("POST", "/redact"),
        "request_failed",
        "StorageFault",
        storage("ListObjectVersions", "AccessDenied"),
    ),
    "a refresh while the vendor fails": Case(
        vendor("500"), api("POST", "/refresh"), "check_failed", "VendorFault", outage()
    ),
    "a create while the vendor fails": Case(
        vendor("500", on="create"), create, "request_failed", "VendorFault", outage("CreateVerification"), False
    ),
    "a create while our share of the vendor's rate limit is used up": Case(
        rate_limit_used_up,
        create,
        "request_failed",
        "VendorLimitReached",
        {"error": "VendorLimitReached", "operation": "CreateVerification"},
        False,
    ),
    "a create while the vendor's answer makes no sense": Case(
        vendor("garbage", on="create"),
        create,
        "request_failed",
        "VendorFault",
        {"error": "VendorMalformed", "operation": "CreateVerification", "what": "not JSON"},
        False,
    ),
    "a create while DynamoDB denies": Case(
        deny("dynamodb.PutItem"), create, "request_failed", "StorageFault", storage("PutItem"), False
    ),
    "a message while DynamoDB denies": Case(
        deny("dynamodb.UpdateItem"),
        finalize,
        "message_failed",
        "StorageFault",
        storage("UpdateItem") | {"message_id": "message-1"},
    ),
    "a message that is poison": Case(
        nothing,
        lambda world: world.finalize('{"name": "canary"}'),
        "message_failed",
        "InternalError",
        {"error": "KeyError", "message_id": "message-1"},
        False,
    ),
    "a message while the vendor fails": Case(
        vendor("503"), finalize, "check_failed", "VendorFault", outage(status=503)
    ),
    "a webhook that its endpoint does not take": Case(
        nothing,
        lambda world: world.deliver("crm"),
        "message_failed",
        "DeliveryFault",
        {
            "error": "DeliveryFailed",
            "operation": "PostWebhook",
            "error_code": "NotConnected",
            "message_id": "message-1",
        },
        endpoint="crm",
    ),
    "a webhook that its endpoint did not take for 72 hours": Case(
        nothing,
        lambda world: world.deliver("crm", age=72 * 3600),
        "delivery_gave_up",
        "DeliveryFault",
        {"operation": "PostWebhook", "error_code": "NotConnected"},
        endpoint="crm",
    ),
    "a webhook for an endpoint that is gone": Case(
        nothing,
        lambda world: world.deliver("gone"),
        "endpoint_off",
        "DeliveryFault",
        {"reason": "it is not in the secret"},
        endpoint="gone",
    ),
    "an event while an endpoint's entry has no name": Case(
        nothing,
        lambda world: world.deliver(""),
        "endpoint_off",
        "InternalError",
        {"reason": "name is not 1 to 40 of a-z, 0-9 and -", "endpoint": "#1"},
        False,
    ),
    "a webhook while DynamoDB denies": Case(
        deny("dynamodb.GetItem"),
        lambda world: world.deliver("crm"),
        "message_failed",
        "StorageFault",
        storage("GetItem") | {"message_id": "message-1"},
    ),
    "a sweep while DynamoDB denies": Case(
        deny("dynamodb.Query"), sweep, "invocation_failed", "StorageFault", storage("Query"), False
    ),
    "a sweep while DynamoDB denies taking what is due": Case(
        deny("dynamodb.UpdateItem"), sweep, "invocation_failed", "StorageFault", storage("UpdateItem")
    ),
    "a sweep while SQS denies": Case(
        deny("sqs.SendMessageBatch", "AccessDenied"),
        sweep,
        "invocation_failed",
        "StorageFault",
        storage("SendMessageBatch", "AccessDenied"),
        False,
    ),
    "a sweep whose message the queue does not take": Case(
        queue_that_takes_nothing,
        sweep,
        "message_not_sent",
        "StorageFault",
        storage("SendMessageBatch", "InternalError"),
    ),
    "the authorizer while Secrets Manager denies": Case(
        deny("secretsmanager.GetSecretValue"),
        lambda world: world.authorize(world.sandbox.api_key),
        "invocation_failed",
        "StorageFault",
        storage("GetSecretValue"),
        False,
    ),
    "the authorizer while the identity provider is away": Case(
        provider_that_is_away,
        lambda world: world.authorize(token()),
        "invocation_failed",
        "StorageFault",
        storage("jwks", "ConnectionError"),
        False,
    ),
    "the authorizer whose keys are malformed": Case(
        lambda world: world.put_api_keys("canary"),
        lambda world: world.authorize(world.sandbox.api_key),
        "invocation_failed",
        "InternalError",
        MALFORMED,
        False,
    ),
    "the authorizer that knew keys, which are malformed now": Case(
        after_a_call(lambda world: world.put_api_keys('{"keys": [{"canary": 1},]}')),
        lambda world: world.authorize(world.sandbox.api_key),
        "secret_not_refreshed",
        "InternalError",
        MALFORMED,
        False,
    ),
    "the authorizer that knew keys, while Secrets Manager denies": Case(
        after_a_call(deny("secretsmanager.GetSecretValue")),
        lambda world: world.authorize(world.sandbox.api_key),
        "secret_not_refreshed",
        "StorageFault",
        storage("GetSecretValue"),
        False,
    ),
    "a return whose credentials the vendor refuses once, while their secret is malformed": Case(
        lambda world: world.sandbox.vendor.fault("401", on="get", times=1),
        person_returns_while_credentials_are_malformed,
        "secret_not_refreshed",
        "InternalError",
        MALFORMED,
        False,
    ),
    "the authorizer with a key whose entry is malformed": Case(
        lambda world: world.put_api_keys('{"keys": [{"sha256": "canary"}]}'),
        lambda world: world.authorize(world.sandbox.api_key),
        "api_key_malformed",
        "InternalError",
        {"error": "KeyError"},
        False,
    ),
    "a sweep that meets a row which cannot be read": Case(
        unreadable, sweep, "row_unreadable", "InternalError", {"error": "UnreadableRow"}
    ),
    "a message about a row that cannot be read": Case(
        unreadable, finalize, "row_unreadable", "InternalError", {"error": "UnreadableRow"}
    ),
    "a list with a row that cannot be read": Case(
        unreadable_in_a_list,
        lambda world: world.functions.api("GET", "/verifications", query={"reference": "order-1"}),
        "row_unreadable",
        "InternalError",
        {"error": "UnreadableRow"},
    ),
    "a read of a row that cannot be read": Case(
        unreadable, api("GET"), "invocation_failed", "InternalError", {"error": "UnreadableRow"}
    ),
    "a record that contradicts itself": Case(
        lambda world: world.sandbox.vendor.play(token_of(world.verification), "inconsistent"),
        person_returns,
        "inconsistent_result",
        "InconsistentResult",
        {"what": "is_success"},
    ),
    "a record that names no token": Case(
        lambda world: world.sandbox.vendor.play(token_of(world.verification), "verified+token_missing"),
        person_returns,
        "inconsistent_result",
        "InconsistentResult",
        {"what": "token"},
    ),
    "a record of another token, country and document": Case(
        lambda world: world.sandbox.vendor.play(
            token_of(world.verification), "verified+other_token+other_country+other_document"
        ),
        person_returns,
        "inconsistent_result",
        "InconsistentResult",
        {"what": "token, url, ocr_country, ocr_type"},
    ),
}


def _act(case: Case, world: World) -> None:
    case.inject(world)
    try:
        case.act(world)
    except FunctionError:
        assert case.message == "invocation_failed"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_failure_leaves_one_line_and_one_count_in_the_metric_of_an_alarm(
    world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    capsys.readouterr()
    _act(case, world)

    failed = failures(log)
    if case.message == "request_failed" and not case.names_it:
        # The id of a verification that nobody got.
        assert failed[0].pop("verification_id").startswith("ver_")
    named = {"verification_id": world.verification.id} if case.names_it else {}
    named |= {"endpoint": case.endpoint, "event_id": world.event_id} if case.endpoint else {}
    assert failed == [{"message": case.message} | case.fields | named]
    counted = emitted(capsys.readouterr().out)
    alarm = ALARMS[case.metric].resolved(world.sandbox.stack)
    assert {metric: value for metric, value in counted.items() if metric.name != OLDEST_DUE_SECONDS} == {alarm: 1}
    assert "canary" not in log.getvalue()


def test_whatever_fails_on_the_way_out_of_a_failure_leaves_its_own_line(world: World, log: io.StringIO) -> None:
    vendor("500", on="create")(world)
    world.aws.deny("dynamodb.DeleteItem")

    create(world)

    released, refused = failures(log)
    assert (released["message"], released["operation"]) == ("release_failed", "DeleteItem")
    assert (refused["message"], refused["operation"]) == ("request_failed", "CreateVerification")
    assert released["verification_id"] == refused["verification_id"]


def test_a_person_whose_frontend_is_not_allowed_any_more_leaves_a_line(world: World, log: io.StringIO) -> None:
    world.deps.settings = Settings({**os.environ, "ALLOWED_REDIRECT_ORIGINS": ""})
    person_returns(world)
    (line,) = [each for each in log.getvalue().replace("\0", "").splitlines() if "request_rejected" in each]
    rejected = json.loads(line)
    assert (rejected["code"], rejected["verification_id"]) == ("redirect_not_allowed", world.verification.id)


def test_a_check_that_cannot_be_rescheduled_leaves_its_own_line(world: World, log: io.StringIO) -> None:
    vendor("500")(world)
    # After the claim and the three attempts at the vendor, each counted.
    world.aws.before_call(5, lambda: world.aws.deny("dynamodb.UpdateItem"))

    person_returns(world)

    assert [(each["message"], each["operation"]) for each in failures(log)] == [
        ("check_failed", "GetVerification"),
        ("reschedule_failed", "UpdateItem"),
    ]


def test_giving_up_counts_in_the_metric_of_its_alarm(
    world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    beyond_patience(world)
    capsys.readouterr()

    finalize(world)

    assert [each["message"] for each in failures(log)] == ["check_failed", "gave_up"]
    expected = {ALARMS[name].resolved(world.sandbox.stack) for name in ("VendorFault", "GaveUp")}
    assert emitted(capsys.readouterr().out).keys() == expected


@pytest.mark.parametrize(
    ("inject", "metric"),
    [
        (vendor("500"), "VendorFault"),
        (lambda world: world.aws.refuse("s3.PutObject", times=100), "StorageFault"),
    ],
)
def test_an_outage_that_one_person_meets_raises_an_alarm_within_15_minutes(
    world: World, capsys: pytest.CaptureFixture[str], inject: Step, metric: str
) -> None:
    inject(world)
    person_returns(world)
    # AWS takes some two minutes to show a metric. The pauses between checks are the longest that jitter allows.
    bad_minutes = 0
    for _ in range(13):
        counted = emitted(capsys.readouterr().out)
        bad_minutes += any(each.name == metric for each in counted)
        world.clock.advance(60)
        world.sandbox.sweep_now()
        world.sandbox.drain_queue()
    world.aws.forget()

    assert bad_minutes >= ALARMS[metric].properties["DatapointsToAlarm"]


@pytest.mark.parametrize("seconds", [0, 90])
def test_a_sweep_reports_how_long_the_oldest_has_been_due(
    world: World, capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    new(world.deps)
    world.clock.advance(seconds)
    capsys.readouterr()

    sweep(world)
    reported = emitted(capsys.readouterr().out)
    world.sandbox.invoke("SweepFunction", {})
    reported_when_all_is_done = emitted(capsys.readouterr().out)

    alarm = ALARMS[OLDEST_DUE_SECONDS].resolved(world.sandbox.stack)
    assert (reported, reported_when_all_is_done) == ({alarm: seconds}, {alarm: 0})


@pytest.mark.parametrize("call", ["dynamodb.Query", "dynamodb.UpdateItem", "sqs.SendMessageBatch"])
def test_a_sweep_that_fails_reports_no_age_so_that_its_alarm_misses_it(
    world: World, capsys: pytest.CaptureFixture[str], call: str
) -> None:
    world.aws.deny(call)
    with pytest.raises(FunctionError):
        sweep(world)
    assert OLDEST_DUE_SECONDS not in {metric.name for metric in emitted(capsys.readouterr().out)}
    assert ALARMS[OLDEST_DUE_SECONDS].properties["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(("text", "logged"), [("ver_" + "a" * 26, ["ver_" + "a" * 26]), ("canary", []), ("", [])])
def test_a_text_that_is_no_id_is_not_logged_as_one(log: io.StringIO, text: str, logged: list[str]) -> None:
    error = KeyError("canary")
    with pytest.raises(KeyError), attach_verification_id(text):
        raise error
    record_failure("invocation_failed", error)
    assert [each["verification_id"] for each in failures(log) if "verification_id" in each] == logged


def test_a_key_set_without_a_usable_key_is_a_failure() -> None:
    with pytest.raises(StorageUnavailable) as raised:
        KeySet(lambda: b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}').find("a")
    assert (raised.value.operation, raised.value.code) == ("jwks", "no usable key")
