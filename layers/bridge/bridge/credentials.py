"""The vendor's credentials, as its two headers."""

import re

from bridge.aws.secrets import Secret
from bridge.errors import VendorCredentials

# Printable ASCII, no space at either end: what fits no header would be quoted by the error that says so.
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


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
