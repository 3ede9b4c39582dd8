"""The vendor's fields without pictures, one item for each record that a status rests on.

They are not in the verification's own item: that one is streamed, and the stream carries nothing of the vendor's.
"""

from datetime import datetime
from typing import Any

from bridge.aws.clients import required, translate_aws_errors
from bridge.store.items import from_item, get_item, to_item


class Results:
    def __init__(self, client: Any, table: str, retention_seconds: int) -> None:
        self._client = client
        self._table = table
        self._retention_seconds = retention_seconds

    def put(self, verification_id: str, sha256: str, fields: str, now: datetime) -> None:
        """Stores the fields (JSON text) of the record with that SHA-256. Storing them again changes nothing."""
        item = {
            "id": verification_id,
            "sha256": sha256,
            "fields": fields,
            "ttl": int(now.timestamp()) + self._retention_seconds,
        }
        with translate_aws_errors("PutItem"):
            self._client.put_item(TableName=self._table, Item=to_item(item))

    def get(self, verification_id: str, sha256: str) -> str | None:
        """The fields as JSON text; None if they have expired."""
        item = get_item(self._client, self._table, {"id": verification_id, "sha256": sha256})
        return str(from_item(item)["fields"]) if item else None

    def delete(self, verification_id: str) -> None:
        """Deletes all fields of a verification."""
        with translate_aws_errors("Query"):
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues=to_item({":id": verification_id}),
                ProjectionExpression="id, sha256",
                ConsistentRead=True,
            )
        # A verification has no more records than checks, so a page holds all of them.
        for key in required(page, "Items", "Query"):
            with translate_aws_errors("DeleteItem"):
                self._client.delete_item(TableName=self._table, Key=key)
