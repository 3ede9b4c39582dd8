"""Logs and metrics: ids, statuses and names of errors. Never personal data, a token, a url, a code or a secret.

A failure leaves one log line and one count, both by `record_failure`. The line has the message, the class of the error,
and where they are known `operation`, `error_code` (AWS's, or why a webhook got no response), `http_status` (the
vendor's, or an endpoint's) and `verification_id`; of a webhook also `endpoint` (its name) and `event_id`. The alarms in
template.yaml watch the metrics by these names; docs/operations.md says what each means.
"""

import contextlib
import logging
import traceback
from collections.abc import Iterator
from typing import Any

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

# What these have to say of a request quotes its URL, which ends in a token, or headers; Lambda would print it.
for library in ("urllib3", "botocore"):
    logging.getLogger(library).setLevel(logging.ERROR)

logger = Logger()
metrics = Metrics()

INCONSISTENT_RESULT = "InconsistentResult"
VENDOR_CREDENTIALS = "VendorCredentials"
VENDOR_FAULT = "VendorFault"
VENDOR_LIMIT_REACHED = "VendorLimitReached"
STORAGE_FAULT = "StorageFault"
INTERNAL_ERROR = "InternalError"
GAVE_UP = "GaveUp"
DELIVERY_FAULT = "DeliveryFault"
DELIVERY_GAVE_UP = "DeliveryGaveUp"
ENDPOINT_OFF = "EndpointOff"
OLDEST_DUE_SECONDS = "OldestDueSeconds"

# The metric that a failure counts in, by the class of its error; the first that fits.
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
    """One log line, and one more in the metric."""
    (logger.error if is_error else logger.warning)(message, extra=fields)
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def measure(metric: str, seconds: float) -> None:
    metrics.add_metric(name=metric, unit=MetricUnit.Seconds, value=seconds)


def record_failure(message: str, error: BaseException, **fields: Any) -> None:
    """Reports an error, once, however often it is caught and raised again on its way out."""
    if getattr(error, "is_recorded", False):
        return
    vars(error)["is_recorded"] = True
    metric = next(metric for kind, metric in _METRICS.items() if isinstance(error, kind))
    report(message, metric, is_error=metric == INTERNAL_ERROR, **_fields(error), **fields)


@contextlib.contextmanager
def concerning(verification_id: str) -> Iterator[None]:
    """Names the verification in the error that leaves the block, for the line of its failure. A text that is no id is
    not logged."""
    try:
        yield
    except BaseException as error:
        if is_id(verification_id):
            vars(error).setdefault("verification_id", verification_id)
        raise


def _fields(error: BaseException) -> dict[str, Any]:
    """What may be logged of an error. Its text may not: a library's may quote anything."""
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
    return fields | verification_in(error)


def verification_in(error: BaseException) -> dict[str, str]:
    """The verification that an error concerns, as a field of its line; none if it is not known."""
    return {name: value for name, value in vars(error).items() if name == "verification_id"}
