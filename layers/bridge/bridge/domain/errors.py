"""The expected errors. `web.problems` maps each one to an HTTP status.

    BridgeError
    ├── InvalidRequest          the request is invalid; all field errors are listed
    ├── UnsupportedMediaType    the body is not JSON
    ├── BodyTooLarge
    ├── MissingScope            the caller lacks the scope for this request
    ├── NotFound                the id is unknown, malformed, or belongs to another principal
    ├── IdempotencyKeyReused    the same key with another body
    ├── PrefetchRefused         a browser prefetches the return URL
    ├── StillRunning            a request with the same key and body is in progress
    ├── RedirectNotAllowed      the origin of redirect_url is no longer allowed
    ├── StorageUnavailable      a call to AWS or to the identity provider failed
    │   └── SecretMalformed     the secret was read, but is malformed
    └── VendorError
        ├── VendorRejected      the vendor rejects the request
        ├── VendorCredentials   the vendor rejects our credentials, or none are set
        ├── VendorRateLimited
        │   └── VendorLimitReached  our share of the vendor's rate limit is used up; the vendor was not called
        ├── VendorTimeout       no complete response within the budget
        ├── VendorUnavailable   no connection, or a 5xx response
        └── VendorMalformed     the response cannot be parsed

Their texts go to logs and callers, so no error contains a vendor response, a secret or personal data. Any other
exception fails the invocation, and API Gateway returns a 500 without details.
"""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple


class FieldError(NamedTuple):
    """An invalid part of a request.

    pointer: a JSON Pointer fragment (`#/metadata/key`), `header:Name` or `query:name`.
    """

    pointer: str
    detail: str


class BridgeError(Exception):
    """Base class. `detail` is shown to the caller; `retry_after` is in seconds.

    locale: the language of the verification's person, for whom the error is a page; None if it is not known.
    """

    detail = "The request failed."

    def __init__(self, detail: str | None = None, *, retry_after: int | None = None, locale: str | None = None) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.retry_after = retry_after
        self.locale = locale


@contextlib.contextmanager
def attach_locale(locale: str | None) -> Iterator[None]:
    """Attaches the language of the verification's person to an error that leaves the block."""
    try:
        yield
    except BridgeError as error:
        error.locale = locale
        raise


class InvalidRequest(BridgeError):
    detail = "The request is invalid. See errors for each invalid field. Nothing was stored."

    def __init__(self, field_errors: list[FieldError]) -> None:
        super().__init__()
        self.field_errors = field_errors


class UnsupportedMediaType(BridgeError):
    detail = "Send the body as application/json in UTF-8."


class BodyTooLarge(BridgeError):
    detail = "The body is too large."


class MissingScope(BridgeError):
    def __init__(self, scope: str) -> None:
        super().__init__(f"The credentials lack the scope {scope}.")


class NotFound(BridgeError):
    detail = "The verification does not exist."


class IdempotencyKeyReused(BridgeError):
    detail = "This Idempotency-Key was used with another body. Send the original body, or use a new key."


class StillRunning(BridgeError):
    detail = "The same request is in progress. Retry after Retry-After seconds."


class PrefetchRefused(BridgeError):
    detail = "This URL cannot be prefetched."


class RedirectNotAllowed(BridgeError):
    detail = "The origin of redirect_url is no longer allowed."


class StorageUnavailable(BridgeError):
    detail = "The service is temporarily unavailable. Retry after Retry-After seconds."

    def __init__(self, operation: str, code: str) -> None:
        """`operation` and `code` are AWS's names (PutItem, ThrottlingException). They are logged only."""
        super().__init__(retry_after=5)
        self.operation = operation
        self.code = code


class SecretMalformed(StorageUnavailable):
    """The value of a secret is malformed. Retries fail until an operator fixes it."""


class VendorError(BridgeError):
    """A failure of the vendor, never of the person. `operation` and `http_status`, if any, are logged.

    is_of_earlier_link: it concerns the record of a link before the current one.
    """

    operation = "GetVerification"
    http_status: int | None = None
    is_of_earlier_link = False


class VendorRejected(VendorError):
    detail = "The eKYC vendor rejected the request."


class VendorCredentials(VendorError):
    detail = "The eKYC vendor rejected the credentials of this service. The operator must replace them."


class VendorRateLimited(VendorError):
    detail = "The rate limit of the eKYC vendor is reached. Retry after Retry-After seconds."


class VendorLimitReached(VendorRateLimited):
    """The rate limiter did not permit the call: the call class or the principal has used up its share."""


class VendorTimeout(VendorError):
    detail = "The eKYC vendor did not respond in time. Retry the request."


class VendorUnavailable(VendorError):
    detail = "The eKYC vendor is unavailable. Retry after Retry-After seconds."


class VendorMalformed(VendorError):
    """`what` describes the fault without a value from the response: "not JSON", "is_success is missing"."""

    detail = "The eKYC vendor sent an unreadable response. Retry later."

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what


class DeliveryFailed(Exception):
    """An endpoint did not accept a webhook: no caller's business, so it stands outside the tree.

    `code` says why where there was no HTTP response, `http_status` what came. All of it may be logged: it holds nothing
    of the URL, the body or the response.
    """

    operation = "PostWebhook"

    def __init__(self, *, code: str | None = None, http_status: int | None = None) -> None:
        super().__init__("an endpoint did not accept a webhook")
        self.code = code
        self.http_status = http_status
        self.endpoint: str | None = None
        self.event_id: str | None = None
