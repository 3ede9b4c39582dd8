"""An authorized caller, and the scopes that a caller may have."""

import hashlib
from typing import NamedTuple

# Each scope covers the verifications of the caller's own principal. With READ_ALL, READ covers those of all principals.
WRITE = "verifications:write"
READ = "verifications:read"
READ_RESULT = "verifications:read_result"
READ_ALL = "verifications:read_all"
REDACT = "verifications:redact"
REPLAY = "events:replay"
SCOPES = (WRITE, READ, READ_RESULT, READ_ALL, REDACT, REPLAY)

# The principal of an access token is this prefix and the token's subject. No API key has such a principal.
JWT_PRINCIPAL_PREFIX = "jwt|"


def owner(principal: str) -> str:
    """A hash that stands for a principal in an index and in events. The principal may be a person's address."""
    return hashlib.sha256(principal.encode()).hexdigest()[:16]


class Caller(NamedTuple):
    """A caller that the authorizer accepted. Logs may contain `key_id`, but never `principal`."""

    principal: str
    scopes: tuple[str, ...]
    key_id: str

    @property
    def reads_all(self) -> bool:
        return READ_ALL in self.scopes
