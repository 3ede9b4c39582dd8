"""Secrets from Secrets Manager, cached for five minutes by Powertools Parameters.

If a secret becomes malformed or cannot be read, the last good value remains in use for up to an hour.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider, TransformParameterError
from botocore.exceptions import ClientError

from bridge.domain.errors import SecretMalformed, StorageUnavailable
from bridge.observability import record_failure

# Seconds.
MAX_AGE = 300
# From the moment at which the last good value was fetched.
LAST_GOOD_FOR = timedelta(minutes=60)
# Between a failed fetch and the next one.
PAUSE_AFTER_FAULT = timedelta(seconds=2)


class Secret:
    """A secret whose value is a JSON object. `is_well_formed(value)` tells whether the object is usable."""

    def __init__(
        self,
        client: Any,
        arn: str,
        *,
        is_well_formed: Callable[[dict[str, Any]], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._arn = arn
        self._is_well_formed = is_well_formed
        self._now = now
        self._good: dict[str, Any] | None = None
        self._good_until = self._next_fetch = datetime.min.replace(tzinfo=UTC)
        # The error of the last fetch, if it failed.
        self._fault: StorageUnavailable | None = None

    def read(self, *, fresh: bool = False) -> dict[str, Any]:
        """The object in the secret, or the last good object if the fetch fails.

        Each failed fetch is logged and counted once.

        Args:
            fresh: bypass the cache.

        Raises:
            SecretMalformed, StorageUnavailable: the fetch failed, and there is no last good object.
        """
        now = self._now()
        if self._fault and now < self._next_fetch:
            return self._last_good(self._fault, now)
        try:
            # After a fault the cache of Powertools holds the malformed value, or one older than the fault.
            value = self._fetch(force=fresh or self._fault is not None)
        except StorageUnavailable as fault:
            # Read again: the fetch may have taken longer than the pause.
            now = self._now()
            self._fault, self._next_fetch = fault, now + PAUSE_AFTER_FAULT
            value = self._last_good(fault, now)
            # Imported here because the authorizer needs nothing else of that module.
            from bridge.domain.verification import timestamp

            record_failure("secret_not_refreshed", fault, last_good_until=timestamp(self._good_until))
            return value
        self._fault = None
        # Powertools returns the cached object itself, so another object was just fetched.
        if value is not self._good:
            self._good, self._good_until = value, now + LAST_GOOD_FOR
        return value

    def _last_good(self, fault: StorageUnavailable, now: datetime) -> dict[str, Any]:
        if self._good is None or now >= self._good_until:
            # A new error each time, because record_failure logs an error object only once.
            raise type(fault)(fault.operation, fault.code) from None
        return self._good

    def _fetch(self, *, force: bool) -> dict[str, Any]:
        try:
            value: Any = self._provider.get(self._arn, max_age=MAX_AGE, transform="json", force_fetch=force)
        except GetParameterError as error:
            # Not chained: its text names the secret.
            raise StorageUnavailable("GetSecretValue", _code(error.__context__)) from None
        except TransformParameterError:
            # Not chained: its text quotes the secret.
            value = None
        if not isinstance(value, dict) or not self._is_well_formed(value):
            raise SecretMalformed("GetSecretValue", "malformed")
        return value


def _code(cause: BaseException | None) -> str:
    """AWS's error code, or the class name of any other error."""
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else type(cause).__name__
