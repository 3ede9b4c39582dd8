"""The vendor's credentials as HTTP headers."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from bridge.aws.secrets import Secret
from bridge.domain.errors import SecretMalformed, VendorCredentials

# Printable ASCII without a space at either end. requests quotes an invalid header value in its error.
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class EkycCredentials:
    """The credentials in a secret: `{"client_id": "…", "client_secret": "…"}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """The vendor's two headers by their names.

        Raises VendorCredentials if the secret has no usable credentials, StorageUnavailable if it cannot be read.
        """
        with contextlib.suppress(SecretMalformed):
            return headers_in(self._secret.read(fresh=fresh))
        raise VendorCredentials()


def are_usable(value: Mapping[str, Any]) -> bool:
    """Whether the object has a valid value for both headers."""
    return all(_HEADER.fullmatch(text) for text in headers_in(value).values())


def headers_in(value: Mapping[str, Any]) -> dict[str, str]:
    """The two headers with the object's values; empty for one that is missing."""
    return {name: str(value.get(name) or "") for name in ("client_id", "client_secret")}
