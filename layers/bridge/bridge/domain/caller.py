"""Who calls, and what they may do."""

from dataclasses import dataclass

# A scope concerns the verifications of the caller's own principal. With READ_ALL, READ covers those of all principals.
WRITE = "verifications:write"
READ = "verifications:read"
READ_RESULT = "verifications:read_result"
READ_ALL = "verifications:read_all"
REDACT = "verifications:redact"
REPLAY = "events:replay"
SCOPES = (WRITE, READ, READ_RESULT, READ_ALL, REDACT, REPLAY)


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller that the authorizer let in. `key_id` may be logged, the principal may not."""

    principal: str
    scopes: tuple[str, ...]
    key_id: str

    @property
    def reads_all(self) -> bool:
        return READ_ALL in self.scopes
