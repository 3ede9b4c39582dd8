"""What callers expect of persons, until it has been compared: one item beside the vendor's fields, in their table.

It is not in the verification's own item: that one is streamed, and the stream carries no personal data. Deleting the
results of a verification deletes it too.
"""

import json
from datetime import datetime
from typing import Any

from bridge.aws.clients import translate_aws_errors
from bridge.domain.identity import Identity
from bridge.store.items import from_item, get_item, to_item

# In place of the SHA-256 that the vendor's fields have.
_SORT_KEY = "expected"


class ExpectedIdentities:
    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, verification_id: str, expected: Identity, until: datetime) -> None:
        """Stores what is expected, for `until` at most. Replaces what an earlier attempt at the same request stored."""
        item = {
            **_key(verification_id),
            "fields": json.dumps(vars(expected)),
            "ttl": int(until.timestamp()),
        }
        with translate_aws_errors("PutItem"):
            self._client.put_item(TableName=self._table, Item=to_item(item))

    def get(self, verification_id: str) -> Identity | None:
        """What is expected; None if it has been erased."""
        item = get_item(self._client, self._table, _key(verification_id))
        return Identity(**json.loads(from_item(item)["fields"])) if item else None

    def delete(self, verification_id: str) -> None:
        with translate_aws_errors("DeleteItem"):
            self._client.delete_item(TableName=self._table, Key=to_item(_key(verification_id)))


def _key(verification_id: str) -> dict[str, str]:
    return {"id": verification_id, "sha256": _SORT_KEY}
