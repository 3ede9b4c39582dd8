"""Logs and metrics. They contain ids, statuses and error names, but no personal data, token, URL, code or secret.

`record_failure` writes one log line and one count per failure. The line has the message, the error class and, if
known, `operation`, `error_code` (AWS, or why a webhook got no response), `http_status` (vendor, or an endpoint), `what`
(a fault of the vendor's response), `where` (functions and lines of an unexpected error) and `verification_id`; for a
webhook also `endpoint` (its name) and `event_id`. The alarms in template.yaml watch these metrics by name;
docs/operations.md explains each.
"""

import contextlib
import logging
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from bridge.domain.errors import (
    BridgeError,
    DeliveryFailed,
    SecretMalformed,
    StorageUnavailable,
    VendorCredentials,
    VendorError,
    VendorLimitReached,
    VendorMalformed,
)
from bridge.domain.ids import is_id

if TYPE_CHECKING:
    from bridge.domain.verification import Verification

# Lower levels of these loggers quote URLs, which contain tokens, and headers. Lambda would print them.
for library in ("urllib3", "botocore"):
    logging.getLogger(library).setLevel(logging.ERROR)

logger = Logger()
metrics = Metrics()

INCONSISTENT_RESULT = "InconsistentResult"
EXPECTED_MISMATCH = "ExpectedMismatch"
VENDOR_CREDENTIALS = "VendorCredentials"
VENDOR_FAULT = "VendorFault"
VENDOR_LIMIT_REACHED = "VendorLimitReached"
STORAGE_FAULT = "StorageFault"
INTERNAL_ERROR = "InternalError"
GAVE_UP = "GaveUp"
DELIVERY_FAULT = "DeliveryFault"
OLDEST_DUE_SECONDS = "OldestDueSeconds"

# The metric of a failure by its error class. The first match counts.
_METRICS: dict[type[BaseException], str] = {
    VendorCredentials: VENDOR_CREDENTIALS,
    VendorLimitReached: VENDOR_LIMIT_REACHED,
    VendorError: VENDOR_FAULT,
    SecretMalformed: INTERNAL_ERROR,
    DeliveryFailed: DELIVERY_FAULT,
    StorageUnavailable: STORAGE_FAULT,
    BaseException: INTERNAL_ERROR,
}


def report(message: str, metric: str, *, is_error: bool = False, **fields: Any) -> None:
    """Writes a log line, and adds one to the metric."""
    (logger.error if is_error else logger.warning)(message, extra=fields)
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def count(message: str, metric: str, **fields: Any) -> None:
    """Adds one to the metric of an event that is not a failure, and writes a log line at INFO."""
    logger.info(message, extra=fields)
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def log_status(verification: "Verification") -> None:
    """Logs that the status has changed."""
    fields = {"verification_id": verification.id, "status": verification.status, "sequence": verification.sequence}
    logger.info("status_changed", extra=fields)


def measure(metric: str, seconds: float) -> None:
    """Adds a value in seconds to the metric."""
    metrics.add_metric(name=metric, unit=MetricUnit.Seconds, value=seconds)


def record_failure(message: str, error: BaseException, **fields: Any) -> None:
    """Reports an error. Does nothing if the same error object was reported before."""
    if getattr(error, "is_recorded", False):
        return
    vars(error)["is_recorded"] = True
    metric = next(metric for kind, metric in _METRICS.items() if isinstance(error, kind))
    report(message, metric, is_error=metric == INTERNAL_ERROR, **_fields(error), **fields)


@contextlib.contextmanager
def attach_verification_id(verification_id: str) -> Iterator[None]:
    """Attaches the verification's id to an error that leaves the block, for `record_failure`.

    A text that is not an id is ignored: it may contain anything.
    """
    try:
        yield
    except BaseException as error:
        if is_id(verification_id):
            vars(error).setdefault("verification_id", verification_id)
        raise


def _fields(error: BaseException) -> dict[str, Any]:
    """The loggable fields of an error. Its text is left out because texts of libraries may quote any value."""
    fields: dict[str, Any] = {"error": type(error).__name__.lstrip("_")}
    if isinstance(error, StorageUnavailable):
        fields |= {"operation": error.operation, "error_code": error.code}
    elif isinstance(error, VendorError):
        fields["operation"] = error.operation
        fields |= {} if error.http_status is None else {"http_status": error.http_status}
        fields |= {"what": error.what} if isinstance(error, VendorMalformed) else {}
    elif isinstance(error, DeliveryFailed):
        named = {"error_code": error.code, "http_status": error.http_status}
        named |= {"endpoint": error.endpoint, "event_id": error.event_id}
        fields |= {"operation": error.operation} | {name: value for name, value in named.items() if value is not None}
    elif not isinstance(error, BridgeError):
        fields["where"] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return fields | verification_id_field(error)


def verification_id_field(error: BaseException) -> dict[str, str]:
    """The log field `verification_id` of an error; empty if the id is unknown."""
    return {name: value for name, value in vars(error).items() if name == "verification_id"}
