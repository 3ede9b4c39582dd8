"""The keys of the table's indexes.

- due: `due_shard` and `due_at`, only of what is due.
- by_reference: `reference_key` and `created_at`.
- by_created: `created_day` and `owner_created`.
"""

import hashlib
from datetime import datetime
from typing import Any

from bridge.domain.caller import owner
from bridge.domain.verification import timestamp

# Partitions of the index `due`, so that none becomes hot. A sweep reads all of them.
DUE_SHARDS = 4


def due_attributes(id: str, due_at: int | None) -> dict[str, Any]:
    """The key in the index due. None, for a verification that is not due, has none."""
    return {"due_at": due_at, "due_shard": None if due_at is None else due_shard(id)}


def due_shard(verification_id: str) -> str:
    return str(int(hashlib.sha256(verification_id.encode()).hexdigest()[:8], 16) % DUE_SHARDS)


def reference_key(principal: str, reference: str) -> str:
    """The partition of a principal's reference. Different pairs have different keys."""
    return f"{len(principal)}:{principal}:{reference}"


def created_attributes(principal: str, created_at: datetime) -> dict[str, str]:
    """The key in the index by_created: one partition for each day (UTC), in it by principal and time."""
    time = timestamp(created_at)
    return {"created_day": time[:10], "owner_created": owner_created(principal, time)}


def owner_created(principal: str, time: str) -> str:
    return f"{owner(principal)}#{time}"
