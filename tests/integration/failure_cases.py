"""Every failure that a test injects, with the line that it leaves and the metric that it counts in."""

from dataclasses import dataclass
from typing import Any

from tests.integration.failure_scenes import (
    Step,
    after_a_call,
    api,
    api_keys,
    authorize,
    create,
    deny,
    inerasable,
    message,
    nothing,
    person_returns,
    person_returns_while_credentials_are_malformed,
    provider_that_is_away,
    queue_that_takes_nothing,
    rate_limit_used_up,
    sweep,
    uncounted,
    undecided_and_refreshed,
    unforeseen,
    unreadable,
    vendor,
)
from tests.unit.tokens import token


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


def denied(
    call: str, act: Step, message: str, code: str = "AccessDeniedException", *, names_it: bool = True, **more: str
) -> Case:
    shown = storage(call.partition(".")[2], code) | more
    return Case(deny(call, code), act, message, "StorageFault", shown, names_it)


def storage(operation: str, code: str) -> dict[str, Any]:
    return {"error": "StorageUnavailable", "operation": operation, "error_code": code}


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


MALFORMED = {"error": "SecretMalformed", "operation": "GetSecretValue", "error_code": "malformed"}
NOT_CONNECTED = {"operation": "PostWebhook", "error_code": "NotConnected"}
UNREADABLE = {"error": "UnreadableRow"}
CASES = {
    "return, DynamoDB denies": denied("dynamodb.UpdateItem", person_returns, "request_failed"),
    "return, its vendor call cannot be counted": Case(
        uncounted, person_returns, "rate_limiter_unavailable", "StorageFault",
        storage("UpdateItem", "AccessDeniedException"),
    ),
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
