"""The failures that test_failures.py injects, each with the log line and the metric that it must produce."""

from dataclasses import dataclass
from typing import Any

from tests.integration.failure_scenes import (
    Step,
    after_authorized_call,
    api,
    authorize,
    create,
    deny,
    expected_not_erasable,
    message,
    no_failure,
    person_returns,
    person_returns_while_credentials_are_malformed,
    provider_unreachable,
    put_api_keys,
    queue_rejects_all,
    rate_limit_used_up,
    row_unreadable,
    sweep,
    undecided_after_refresh,
    unexpected_error,
    vendor,
    vendor_call_not_counted,
)
from tests.sandbox.access_tokens import token


@dataclass(frozen=True, slots=True)
class Case:
    """`shown` has the fields of the log line, which names the scene's verification unless `names_it` is False."""

    inject: Step
    act: Step
    message: str
    metric: str
    shown: dict[str, Any]
    names_it: bool = True
    # For a webhook: the endpoint that the line names, beside the event.
    endpoint: str = ""


def denied(
    call: str, act: Step, message: str, code: str = "AccessDeniedException", *, names_it: bool = True, **more: str
) -> Case:
    shown = storage(call.partition(".")[2], code) | more
    return Case(deny(call, code), act, message, "StorageFault", shown, names_it)


def storage(operation: str, code: str) -> dict[str, Any]:
    return {"error": "StorageUnavailable", "operation": operation, "error_code": code}


def failed_check(
    fault: str, act: Step, error: str = "VendorUnavailable", metric: str = "VendorFault", **more: Any
) -> Case:
    """A check whose GET the vendor fails."""
    shown = {"error": error, "operation": "GetVerification"} | more
    return Case(vendor(fault), act, "check_failed", metric, shown)


def failed_create(fault: str, error: str, **more: Any) -> Case:
    shown = {"error": error, "operation": "CreateVerification"} | more
    return Case(vendor(fault, on="create"), create, "request_failed", "VendorFault", shown, False)


def contradictory_record(outcome: str, what: str) -> Case:
    return Case(
        lambda scene: scene.play(scene.verification, outcome),
        person_returns,
        "inconsistent_result",
        "InconsistentResult",
        {"what": what},
    )


def undelivered(endpoint: str, message: str, shown: dict[str, str], *, age: int = 0) -> Case:
    """A webhook that is not delivered; its line also names the endpoint and the event."""
    return Case(
        no_failure, lambda scene: scene.deliver(endpoint, age=age), message, "DeliveryFault", shown, endpoint=endpoint
    )


MALFORMED = {"error": "SecretMalformed", "operation": "GetSecretValue", "error_code": "malformed"}
NOT_CONNECTED = {"operation": "PostWebhook", "error_code": "NotConnected"}
UNREADABLE = {"error": "UnreadableRow"}
CASES = {
    "return, DynamoDB denies": denied("dynamodb.UpdateItem", person_returns, "request_failed"),
    "return, its vendor call cannot be counted": Case(
        vendor_call_not_counted, person_returns, "rate_limiter_unavailable", "StorageFault",
        storage("UpdateItem", "AccessDeniedException"),
    ),
    "return, S3 denies": denied("s3.PutObject", person_returns, "check_failed", "AccessDenied"),
    "return, vendor fails": failed_check("500", person_returns, http_status=500),
    "return, vendor resets the connection": failed_check("reset", person_returns),
    "return, vendor limits us": failed_check("429", person_returns, "VendorRateLimited", http_status=429),
    "return, vendor rejects inside a 200": failed_check(
        "inner_status:422", person_returns, "VendorRejected", http_status=422
    ),
    "return, vendor sends no JSON": failed_check("garbage", person_returns, "VendorMalformed", what="not JSON"),
    "return, vendor rejects our credentials": failed_check(
        "401", person_returns, "VendorCredentials", "VendorCredentials", http_status=401
    ),
    "return, unexpected error": Case(
        unexpected_error, person_returns, "invocation_failed", "InternalError", {"error": "KeyError"}
    ),
    "return, rejected credentials and a malformed secret": Case(
        lambda scene: scene.vendor.fault("401", on="get", times=1),
        person_returns_while_credentials_are_malformed, "secret_not_refreshed", "InternalError", MALFORMED, False,
    ),
    "return, record contradicts itself": contradictory_record("inconsistent", "is_success"),
    "return, record names no token": contradictory_record("verified+token_missing", "token"),
    "return, record of another token, country and document": contradictory_record(
        "verified+other_token+other_country+other_document", "token, url, ocr_country, ocr_type"
    ),
    "return, SQS rejects the follow-up": Case(
        undecided_after_refresh, person_returns, "follow_up_not_sent", "StorageFault",
        storage("SendMessageBatch", "InternalError"),
    ),
    "message, SQS rejects the follow-up": Case(
        undecided_after_refresh, message, "message_failed", "StorageFault",
        storage("SendMessageBatch", "InternalError") | {"message_id": "message-1"},
    ),
    "status, DynamoDB denies": denied(
        "dynamodb.GetItem",
        lambda scene: scene.functions.browser(f"/status/{scene.verification.id}/{scene.verification.code}"),
        "request_failed",
    ),
    "read, DynamoDB throttles": denied("dynamodb.GetItem", api("GET"), "request_failed", "ThrottlingException"),
    "read, row unreadable": Case(row_unreadable, api("GET"), "invocation_failed", "InternalError", UNREADABLE),
    "list, row unreadable": Case(
        row_unreadable, lambda scene: scene.functions.api("GET", "/verifications", query={"reference": "order-1"}),
        "row_unreadable", "InternalError", UNREADABLE,
    ),
    "redaction, S3 denies": denied("s3.ListObjectVersions", api("POST", "/redact"), "request_failed", "AccessDenied"),
    "refresh, vendor fails": failed_check("500", api("POST", "/refresh"), http_status=500),
    "create, vendor fails": failed_create("500", "VendorUnavailable", http_status=500),
    "create, vendor sends no JSON": failed_create("garbage", "VendorMalformed", what="not JSON"),
    "create, our share of the rate limit is used up": Case(
        rate_limit_used_up, create, "request_failed", "VendorLimitReached",
        {"error": "VendorLimitReached", "operation": "CreateVerification"}, False,
    ),
    "create, DynamoDB denies": denied("dynamodb.PutItem", create, "request_failed", names_it=False),
    "message, DynamoDB denies": denied("dynamodb.UpdateItem", message, "message_failed", message_id="message-1"),
    "message, vendor fails": failed_check("503", message, http_status=503),
    "return, the expected person cannot be erased": Case(
        expected_not_erasable, person_returns, "expected_not_erased", "StorageFault",
        storage("DeleteItem", "AccessDeniedException"),
    ),
    "message, row unreadable": Case(row_unreadable, message, "row_unreadable", "InternalError", UNREADABLE),
    "message, poison": Case(
        no_failure, lambda scene: scene.message('{"name": "canary"}'), "message_failed", "InternalError",
        {"error": "KeyError", "message_id": "message-1"}, False,
    ),
    "webhook, its endpoint is unreachable": undelivered(
        "crm", "message_failed", NOT_CONNECTED | {"error": "DeliveryFailed", "message_id": "message-1"}
    ),
    "webhook, its endpoint is unreachable for 72 hours": undelivered(
        "crm", "delivery_gave_up", NOT_CONNECTED, age=72 * 3600
    ),
    "webhook, its endpoint was removed": undelivered("gone", "endpoint_off", {"reason": "it is not in the secret"}),
    "webhook, DynamoDB denies": denied(
        "dynamodb.GetItem", lambda scene: scene.deliver("crm"), "message_failed", message_id="message-1"
    ),
    "event, the entry of an endpoint has no name": Case(
        no_failure, lambda scene: scene.deliver(""), "endpoint_off", "InternalError",
        {"reason": "name is not 1 to 40 of a-z, 0-9 and -", "endpoint": "#1"}, False,
    ),
    "sweep, DynamoDB denies the query": denied("dynamodb.Query", sweep, "invocation_failed", names_it=False),
    "sweep, DynamoDB denies the claim": denied("dynamodb.UpdateItem", sweep, "invocation_failed"),
    "sweep, SQS denies": denied("sqs.SendMessageBatch", sweep, "invocation_failed", "AccessDenied", names_it=False),
    "sweep, SQS rejects all entries of the batch": Case(
        queue_rejects_all, sweep, "message_not_sent", "StorageFault",
        storage("SendMessageBatch", "InternalError"),
    ),
    "sweep, row unreadable": Case(row_unreadable, sweep, "row_unreadable", "InternalError", UNREADABLE),
    "authorizer, Secrets Manager denies": denied(
        "secretsmanager.GetSecretValue", authorize, "invocation_failed", names_it=False
    ),
    "authorizer, identity provider unreachable": Case(
        provider_unreachable, lambda scene: scene.authorize(token()), "invocation_failed", "StorageFault",
        storage("jwks", "ConnectionError"), False,
    ),
    "authorizer, keys malformed": Case(
        put_api_keys("canary"), authorize, "invocation_failed", "InternalError", MALFORMED, False
    ),
    "authorizer, cached keys, secret malformed": Case(
        after_authorized_call(put_api_keys('{"keys": [{"canary": 1},]}')), authorize, "secret_not_refreshed",
        "InternalError", MALFORMED, False,
    ),
    "authorizer, cached keys, secret denied": Case(
        after_authorized_call(deny("secretsmanager.GetSecretValue")), authorize, "secret_not_refreshed", "StorageFault",
        storage("GetSecretValue", "AccessDeniedException"), False,
    ),
    "authorizer, entry malformed": Case(
        put_api_keys('{"keys": [{"sha256": "canary"}]}'), authorize, "api_key_malformed", "InternalError",
        {"error": "KeyError"}, False,
    ),
}  # fmt: skip
