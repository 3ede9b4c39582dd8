"""Every error has an HTTP status and a code, and its texts leak no values."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest

import bridge.vendor.transport  # noqa: F401 - it defines private errors
from bridge.domain.errors import (
    BridgeError,
    DeliveryFailed,
    FieldError,
    IdempotencyKeyReused,
    InvalidRequest,
    MissingScope,
    NotFound,
    SecretMalformed,
    StillRunning,
    StorageUnavailable,
    VendorMalformed,
    VendorRateLimited,
    VendorUnavailable,
)
from bridge.web.problems import STATUSES, problem, status_and_code

CANARY = "canary-4KK6FYHVZ"


def leaves(kind: type[BridgeError] = BridgeError) -> Iterator[type[BridgeError]]:
    public = [each for each in kind.__subclasses__() if not each.__name__.startswith("_")]
    for each in public:
        yield from leaves(each)
    if not public:
        yield kind


LEAVES = list(leaves())

CODES = {
    "InvalidRequest": (400, "invalid_request"),
    "UnsupportedMediaType": (415, "unsupported_media_type"),
    "BodyTooLarge": (413, "body_too_large"),
    "MissingScope": (403, "missing_scope"),
    "NotFound": (404, "not_found"),
    "IdempotencyKeyReused": (422, "idempotency_key_reused"),
    "StillRunning": (409, "still_running"),
    "PrefetchRefused": (425, "prefetch_refused"),
    "RedirectNotAllowed": (410, "redirect_not_allowed"),
    "SecretMalformed": (503, "storage_unavailable"),
    "VendorRejected": (502, "vendor_rejected"),
    "VendorCredentials": (502, "vendor_credentials"),
    "VendorLimitReached": (503, "vendor_rate_limited"),
    "VendorTimeout": (504, "vendor_timeout"),
    "VendorUnavailable": (503, "vendor_unavailable"),
    "VendorMalformed": (502, "vendor_malformed"),
}


def error_of(kind: type[BridgeError]) -> BridgeError:
    """Returns an error with a canary in each required argument."""
    parameters = inspect.signature(kind).parameters.values()
    arguments: dict[str, Any] = {each.name: CANARY for each in parameters if each.default is each.empty}
    if "field_errors" in arguments:
        arguments["field_errors"] = [FieldError(f"#/{CANARY}", "is not a known field")]
    return kind(**arguments)


def document(error: BridgeError) -> dict[str, Any]:
    body = problem(error, "request-1").body
    assert body is not None
    parsed: dict[str, Any] = json.loads(body)
    return parsed


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_has_the_documented_status_and_code(kind: type[BridgeError]) -> None:
    assert status_and_code(error_of(kind)) == CODES[kind.__name__]


def test_every_code_in_the_table_belongs_to_an_error() -> None:
    assert {code for _, code in STATUSES.values()} == {code for _, code in CODES.values()}
    assert set(CODES) == {kind.__name__ for kind in LEAVES}


def test_a_private_error_has_the_status_of_its_public_parent() -> None:
    private = [kind for kind in VendorUnavailable.__subclasses__() if kind.__name__.startswith("_")]
    assert private
    assert all(status_and_code(kind()) == (503, "vendor_unavailable") for kind in private)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_a_problem_has_the_shape_of_rfc_9457(kind: type[BridgeError]) -> None:
    response = problem(error_of(kind), "request-1")
    status, code = CODES[kind.__name__]
    content = document(error_of(kind))
    errors = content.pop("errors", None)
    assert (errors is not None) == (kind is InvalidRequest)
    assert isinstance(content.pop("title"), str)
    assert content.pop("detail").endswith(".")
    assert content == {
        "type": f"urn:ekyc-bridge:problem:{code}",
        "status": status,
        "code": code,
        "request_id": "request-1",
    }
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_no_text_of_an_error_quotes_its_arguments(kind: type[BridgeError], caplog: pytest.LogCaptureFixture) -> None:
    error = error_of(kind)
    response = problem(error, "request-1")
    [record] = caplog.records
    logged = str(vars(record))
    assert CODES[kind.__name__][1] in logged
    # The caller is told the missing scope and the pointers of fields. The log has the names of AWS operations.
    if kind is not MissingScope:
        assert CANARY not in f"{error}{error.detail}"
    if kind not in (MissingScope, InvalidRequest):
        assert CANARY not in str(response.body)
    # The bridge chooses the description of what is malformed, so the log may have it.
    if kind not in (SecretMalformed, VendorMalformed):
        assert CANARY not in logged


def test_all_field_errors_are_in_the_response() -> None:
    errors = [FieldError("#/type", "is required"), FieldError("header:Idempotency-Key", "must be …")]
    assert document(InvalidRequest(errors))["errors"] == [
        {"pointer": "#/type", "detail": "is required"},
        {"pointer": "header:Idempotency-Key", "detail": "must be …"},
    ]


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (StillRunning(retry_after=7), "7"),
        (VendorRateLimited(retry_after=30), "30"),
        (StorageUnavailable("PutItem", "ThrottlingException"), "5"),
        (VendorUnavailable(retry_after=30), "30"),
        (VendorMalformed("not JSON"), None),
        (NotFound(), None),
        (IdempotencyKeyReused(), None),
    ],
)
def test_the_response_has_retry_after_if_the_error_has(error: BridgeError, header: str | None) -> None:
    assert problem(error, "request-1").headers.get("Retry-After") == header


def test_an_error_may_replace_the_detail_of_its_class() -> None:
    assert document(NotFound("There is nothing at this address."))["detail"] == "There is nothing at this address."


def test_the_detail_names_the_missing_scope() -> None:
    assert "verifications:redact" in document(MissingScope("verifications:redact"))["detail"]


def test_what_is_malformed_is_not_in_the_response() -> None:
    assert "not JSON" not in str(document(VendorMalformed("not JSON")))


def test_the_text_of_an_error_is_its_detail() -> None:
    assert str(NotFound()) == NotFound.detail
    error = NotFound("There is none.", locale="ms")
    assert (str(error), error.detail, error.locale) == ("There is none.", "There is none.", "ms")


def test_a_failed_delivery_names_no_endpoint_and_no_event_before_they_are_known() -> None:
    failed = DeliveryFailed(code="refused")
    assert (str(failed), failed.endpoint, failed.event_id) == ("an endpoint did not accept a webhook", None, None)
