"""Secrets from Secrets Manager, kept for five minutes: the vendor's credentials and the API keys."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bridge.errors import StorageUnavailable, VendorCredentials

# Seconds.
MAX_AGE = 300

# Printable ASCII, no space at either end: what fits no header would be quoted by the error that says so.
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class Secret:
    """One secret whose value is a JSON object. `clock` gives seconds that only grow."""

    def __init__(self, client: Any, arn: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._kept: tuple[float, dict[str, Any]] | None = None

    def read(self, *, fresh: bool = False) -> dict[str, Any]:
        """The object in the secret; an empty one if it is none, so that what depends on it stays closed."""
        if self._kept and not fresh and self._clock() < self._kept[0]:
            return self._kept[1]
        value = _object_in(self._fetch())
        self._kept = self._clock() + MAX_AGE, value
        return value

    def _fetch(self) -> str:
        try:
            text = self._client.get_secret_value(SecretId=self._arn).get("SecretString")
        # The error's text names the secret; its code or its class is enough.
        except ClientError as error:
            raise StorageUnavailable("GetSecretValue", str(error.response["Error"]["Code"])) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise StorageUnavailable("GetSecretValue", type(error).__name__) from None
        # Not an empty secret, which would be kept: a part of the answer was lost, or the secret is binary.
        if not isinstance(text, str):
            raise StorageUnavailable("GetSecretValue", "no SecretString")
        return text


def _object_in(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
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
