"""The audit trail: who read or deleted a person's data, and when. No function reads or changes its entries.

An entry contains no data about the person. It identifies the caller by `key_id` and by the SHA-256 of the principal,
because the subject of a token may be an e-mail address.
"""

import contextlib
import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.domain.caller import Caller
from bridge.domain.verification import timestamp
from bridge.store.conditions import ConditionNotMet, conditional_write
from bridge.store.items import to_item


class AuditAction(StrEnum):
    RESULT_READ = "result_read"
    REDACTED = "redacted"


class AuditTrail:
    """The table of the audit trail."""

    def __init__(self, client: Any, table: str, retention_seconds: int) -> None:
        self._client = client
        self._table = table
        self._retention_seconds = retention_seconds

    def record(self, action: AuditAction, verification_id: str, caller: Caller, now: datetime, nonce: str) -> None:
        """Adds an entry, and never replaces one. Raises StorageUnavailable if the entry may not have been written."""
        entry = {
            "verification_id": verification_id,
            "at": f"{timestamp(now)}#{nonce}",
            "action": action.value,
            "key_id": caller.key_id,
            "principal_sha256": hashlib.sha256(caller.principal.encode()).hexdigest(),
            "ttl": int(now.timestamp()) + self._retention_seconds,
        }
        # The nonce is unique. If the entry is there, an earlier attempt wrote it, and its response was lost.
        with contextlib.suppress(ConditionNotMet), conditional_write("PutItem"):
            self._client.put_item(
                TableName=self._table,
                Item=to_item(entry),
                ConditionExpression="attribute_not_exists(verification_id)",
            )
