"""Secrets from Secrets Manager, kept for five minutes by Powertools Parameters."""

import json
from typing import Any

from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider
from botocore.exceptions import ClientError

from bridge.errors import StorageUnavailable

# Seconds.
MAX_AGE = 300


class Secret:
    """One secret whose value is a JSON object."""

    def __init__(self, client: Any, arn: str) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._arn = arn

    def read(self, *, fresh: bool = False) -> dict[str, Any]:
        """The object in the secret; an empty one if it is none, so that what depends on it stays closed.

        Raises StorageUnavailable where Secrets Manager does not give it.
        """
        try:
            text = self._provider.get(self._arn, max_age=MAX_AGE, force_fetch=fresh)
        except GetParameterError as error:
            # Its text names the secret.
            raise StorageUnavailable("GetSecretValue", _code(error.__context__)) from None
        return _object_in(str(text))


def _code(cause: BaseException | None) -> str:
    """AWS's code, or the name of what kept us from getting one."""
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else type(cause).__name__


def _object_in(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
