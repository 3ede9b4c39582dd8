"""The stream of the table. Its filter passes only the writes that advanced a verification."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.verification import Verification
from bridge.store.rows import UnreadableRow, from_row

# As Lambda passes it to a function.
StreamRecord = Mapping[str, Any]


def sequence_number(record: StreamRecord) -> str:
    """Where the write is in the stream."""
    return str(record["dynamodb"]["SequenceNumber"])


def advanced(record: StreamRecord) -> Verification:
    """The verification after the write. Raises UnreadableRow."""
    verification = from_row(record["dynamodb"]["NewImage"])
    if not verification.history:
        # The stream's filter passes no such row.
        raise UnreadableRow(verification.id)
    return verification
