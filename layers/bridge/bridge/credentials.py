"""Secrets from Secrets Manager, kept for five minutes: the vendor's credentials and the API keys."""

import json
import re
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from bridge.errors import StorageUnavailable, VendorCredentials

# Seconds.
MAX_AGE = 300

# Printable ASCII, no space at either end: what fits no header would be quoted by the error that says so.
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class Secret:
    """One secret whose value is a JSON object."""

    def __init__(self, client: Any, arn: str) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._arn = arn

    def read(self, *, fresh: bool = False) -> dict[str, Any]:
        """The object in the secret; an empty one if it is none, so that what depends on it stays closed."""
        try:
            text = self._provider.get(self._arn, max_age=MAX_AGE, force_fetch=fresh)
        except GetParameterError as error:
            # The cause's text names the secret; its class is enough.
            raise StorageUnavailable("GetSecretValue", type(error.__context__ or error).__name__) from None
        try:
            value = json.loads(str(text))
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class EkycCredentials:
    """The vendor's credentials: `{"client_id": "…", "client_secret": "…"}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """The vendor's two headers, by the names that it gives them; VendorCredentials while none are put."""
        value = self._secret.read(fresh=fresh)
        headers = {name: str(value.get(name) or "") for name in ("client_id", "client_secret")}
        if not all(_HEADER.fullmatch(text) for text in headers.values()):
            raise VendorCredentials()
        return headers
