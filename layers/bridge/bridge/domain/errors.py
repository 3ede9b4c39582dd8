"""Everything that may go wrong and has a name.

    BridgeError
    ├── InvalidRequest          the caller's words are off; every fault is listed
    ├── UnsupportedMediaType    the body is not JSON
    ├── BodyTooLarge
    ├── MissingScope            the key is good, but not for this
    ├── NotFound                unknown, malformed, or somebody else's: these cannot be told apart
    ├── IdempotencyKeyReused    the same key with another body
    ├── PrefetchRefused         a browser fetches the return before the person has returned
    ├── StillRunning            the same key and body are being worked on
    ├── RedirectNotAllowed      the frontend's origin is no longer allowed
    ├── StorageUnavailable      an AWS service did not do what it was asked
    │   └── SecretMalformed     it gave a secret that is not what it has to be
    └── VendorError
        ├── VendorRejected      the vendor understood, and refuses
        ├── VendorCredentials   the vendor refuses our credentials, or there are none yet
        ├── VendorRateLimited
        │   └── VendorLimitReached  our own share of the vendor's rate limit is used up, so it was not asked
        ├── VendorTimeout       no whole answer within the budget
        ├── VendorUnavailable   no connection, a 5xx
        └── VendorMalformed     an answer that cannot be read

None of them ever carries the vendor's answer, a secret, or personal data: their text goes to logs and callers.
Errors without a name stay unknown: the invocation fails, and the answer says nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request. `pointer` is a JSON Pointer fragment (`#/metadata/key`), `header:Name` or
    `query:name`."""

    pointer: str
    detail: str


class BridgeError(Exception):
    """The root. `detail` tells the caller what to do; `retry_after` is in seconds."""

    detail = "The request could not be served."

    def __init__(self, detail: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.retry_after = retry_after


class InvalidRequest(BridgeError):
    detail = "The request has faults; each is listed under errors. Nothing was written."

    def __init__(self, field_errors: list[FieldError]) -> None:
        super().__init__()
        self.field_errors = field_errors


class UnsupportedMediaType(BridgeError):
    detail = "Send the body as application/json in UTF-8."


class BodyTooLarge(BridgeError):
    detail = "The body is larger than this API takes."


class MissingScope(BridgeError):
    def __init__(self, scope: str) -> None:
        super().__init__(f"The key lacks the scope {scope}. Use a key that has it.")


class NotFound(BridgeError):
    detail = "There is no such verification."


class IdempotencyKeyReused(BridgeError):
    detail = "This Idempotency-Key was used with another body. Send the first body again, or take a new key."


class StillRunning(BridgeError):
    detail = "The same request is being worked on. Send it again after Retry-After seconds."


class PrefetchRefused(BridgeError):
    detail = "This address cannot be fetched ahead of time."


class RedirectNotAllowed(BridgeError):
    detail = "The origin of redirect_url is not allowed any more."


class StorageUnavailable(BridgeError):
    detail = "A part of this service does not answer. Send the request again after Retry-After seconds."

    def __init__(self, operation: str, code: str) -> None:
        """`operation` and `code` are AWS's names (PutItem, ThrottlingException), for the log alone."""
        super().__init__(retry_after=5)
        self.operation = operation
        self.code = code


class SecretMalformed(StorageUnavailable):
    """Somebody wrote a secret that cannot be read; asking again does not help until it is written again."""


class VendorError(BridgeError):
    """The vendor's fault, never the person's. `operation` and `http_status`, where there was one, are for the log."""

    operation = "GetVerification"
    http_status: int | None = None


class VendorRejected(VendorError):
    detail = "The eKYC vendor did not accept the request."


class VendorCredentials(VendorError):
    detail = "The eKYC vendor refuses this service's credentials. The operator has to put valid ones."


class VendorRateLimited(VendorError):
    detail = "The eKYC vendor takes no more requests for now. Send the request again after Retry-After seconds."


class VendorLimitReached(VendorRateLimited):
    """The vendor was not asked: whoever wanted to has used up its share of the vendor's rate limit for now."""


class VendorTimeout(VendorError):
    detail = "The eKYC vendor did not answer in time. Send the request again."


class VendorUnavailable(VendorError):
    detail = "The eKYC vendor cannot be reached. Send the request again after Retry-After seconds."


class VendorMalformed(VendorError):
    """`what` names the fault without quoting the answer: "not JSON", "is_success is missing"."""

    detail = "The eKYC vendor's response cannot be read. Send the request again later."

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
