"""The vendor's credentials, as its two headers."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from bridge.aws.secrets import Secret
from bridge.domain.errors import SecretMalformed, VendorCredentials

# Printable ASCII, no space at either end: what fits no header would be quoted by the error that says so.
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class EkycCredentials:
    """The vendor's credentials: `{"client_id": "…", "client_secret": "…"}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """The vendor's two headers, by the names that it gives them; VendorCredentials while none are put."""
        with contextlib.suppress(SecretMalformed):
            return _headers(self._secret.read(fresh=fresh))
        raise VendorCredentials()


def are_usable(value: Mapping[str, Any]) -> bool:
    """Whether the secret's object has what both headers need."""
    return all(_HEADER.fullmatch(text) for text in _headers(value).values())


def _headers(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value.get(name) or "") for name in ("client_id", "client_secret")}
