"""Writes API keys, the vendor's credentials and webhook endpoints to the secrets that the functions read."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

ALL_SCOPES = (
    *(f"verifications:{what}" for what in ("write", "read", "read_result", "read_all", "redact")),
    "events:replay",
)
PRINCIPAL = "sandbox"

# The functions' variables that hold the secrets' ARNs.
_API_KEYS = "API_KEYS_SECRET_ARN"
_CREDENTIALS = "EKYC_CREDENTIALS_SECRET_ARN"
_ENDPOINTS = "WEBHOOK_ENDPOINTS_SECRET_ARN"


class Secrets:
    """The secrets of a stack.

    Args:
        client: a boto3 client of Secrets Manager.
        environment: the variables of all functions.
    """

    def __init__(self, client: Any, environment: Mapping[str, str]) -> None:
        self._client = client
        self._environment = environment
        self._keys: list[dict[str, Any]] = []

    def put_credentials(self, client_id: str, client_secret: str) -> None:
        """Stores the credentials that the bridge sends to the vendor."""
        self._put(_CREDENTIALS, {"client_id": client_id, "client_secret": client_secret})

    def put_endpoints(self, endpoints: Sequence[Any]) -> None:
        """Stores the webhook endpoints."""
        self._put(_ENDPOINTS, {"endpoints": list(endpoints)})

    def add_key(self, principal: str = PRINCIPAL, scopes: Sequence[str] = ALL_SCOPES) -> str:
        """Returns a new API key, and stores its hash."""
        key = "ek_" + secrets.token_urlsafe(32)
        self._keys.append(
            {
                "key_id": key[-4:],
                "sha256": hashlib.sha256(key.encode()).hexdigest(),
                "principal": principal,
                "scopes": list(scopes),
            }
        )
        self._put(_API_KEYS, {"keys": self._keys})
        return key

    def keep_first_key(self) -> None:
        """Revokes all API keys but the oldest."""
        self._keys = self._keys[:1]
        self._put(_API_KEYS, {"keys": self._keys})

    def _put(self, variable: str, content: dict[str, Any]) -> None:
        self._client.put_secret_value(SecretId=self._environment[variable], SecretString=json.dumps(content))


def vendor_credentials(environment: Mapping[str, str]) -> tuple[str, str]:
    """Returns the credentials of the real account at EKYC_API_URL.

    Raises:
        ValueError: EKYC_CLIENT_ID or EKYC_CLIENT_SECRET is not set.
    """
    try:
        return environment["EKYC_CLIENT_ID"], environment["EKYC_CLIENT_SECRET"]
    except KeyError as missing:
        raise ValueError(
            f"EKYC_API_URL is set, so {missing.args[0]} must be set, too; unset EKYC_API_URL to use the fake vendor"
        ) from None


def random_credentials() -> tuple[str, str]:
    """Returns random credentials for the fake vendor, in the format of real ones."""
    return secrets.token_hex(16), "sk_" + secrets.token_hex(32)
