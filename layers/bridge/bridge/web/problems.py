"""Maps errors to RFC 9457 problem documents. A test checks that the table covers every error of `domain.errors`."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from bridge.domain.errors import (
    BodyTooLarge,
    BridgeError,
    IdempotencyKeyReused,
    InvalidRequest,
    MissingScope,
    NotFound,
    PrefetchRefused,
    RedirectNotAllowed,
    StillRunning,
    StorageUnavailable,
    UnsupportedMediaType,
    VendorCredentials,
    VendorMalformed,
    VendorRateLimited,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from bridge.observability import logger, record_failure, verification_id_field

# The HTTP status, and the stable `code` for programs. A subclass without an entry has that of its parent.
STATUSES: dict[type[BridgeError], tuple[int, str]] = {
    InvalidRequest: (400, "invalid_request"),
    UnsupportedMediaType: (415, "unsupported_media_type"),
    BodyTooLarge: (413, "body_too_large"),
    MissingScope: (403, "missing_scope"),
    NotFound: (404, "not_found"),
    IdempotencyKeyReused: (422, "idempotency_key_reused"),
    PrefetchRefused: (425, "prefetch_refused"),
    StillRunning: (409, "still_running"),
    RedirectNotAllowed: (410, "redirect_not_allowed"),
    StorageUnavailable: (503, "storage_unavailable"),
    VendorRejected: (502, "vendor_rejected"),
    VendorCredentials: (502, "vendor_credentials"),
    VendorMalformed: (502, "vendor_malformed"),
    VendorRateLimited: (503, "vendor_rate_limited"),
    VendorTimeout: (504, "vendor_timeout"),
    VendorUnavailable: (503, "vendor_unavailable"),
}


def status_and_code(error: BridgeError) -> tuple[int, str]:
    """The HTTP status and the problem code of an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(error: BridgeError, request_id: str) -> Response[str]:
    """Logs `error`, and returns the response for it."""
    status, code = status_and_code(error)
    log_error(error)
    document: dict[str, Any] = {
        "type": f"urn:ekyc-bridge:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "code": code,
        "request_id": request_id,
    }
    if isinstance(error, InvalidRequest):
        document["errors"] = [{"pointer": field.pointer, "detail": field.detail} for field in error.field_errors]
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return Response(status, "application/problem+json", json.dumps(document), headers)


def log_error(error: BridgeError) -> None:
    """Logs an error: as a failure if the status is 500 or higher, else as a rejected request."""
    status, code = status_and_code(error)
    if status >= 500:
        record_failure("request_failed", error, code=code, status=status)
    else:
        logger.info("request_rejected", extra={"code": code, "status": status, **verification_id_field(error)})
