"""Reads and changes tables, bucket and queue directly, past the bridge."""

import gzip
from collections.abc import Callable
from typing import Any

from bridge.settings import Settings
from bridge.store.items import from_item, to_item

# The attributes of a row that a redaction erases.
PERSONAL = {"reference", "metadata", "redirect_url", "code", "token", "url", "evidence", "reference_key"}


class StoredState:
    def __init__(self, client: Callable[[str], Any], settings: Settings) -> None:
        self._dynamodb, self._s3, self._sqs = client("dynamodb"), client("s3"), client("sqs")
        self._settings = settings

    def rows(self) -> list[dict[str, Any]]:
        found = self._dynamodb.scan(TableName=self._settings.table_name, ConsistentRead=True)["Items"]
        return [from_item(item) for item in found]

    def row(self, id: str) -> dict[str, Any]:
        return next(row for row in self.rows() if row["id"] == id)

    def results(self, id: str) -> list[str]:
        """Returns the stored results of a verification, as JSON text."""
        found = self._dynamodb.scan(TableName=self._settings.results_table_name, ConsistentRead=True)["Items"]
        return [item["fields"] for item in map(from_item, found) if item["id"] == id]

    def expected(self) -> list[dict[str, Any]]:
        """Returns the items with the persons that callers expect."""
        found = self._dynamodb.scan(TableName=self._settings.results_table_name, ConsistentRead=True)["Items"]
        return [item for item in map(from_item, found) if item["sha256"] == "expected"]

    def audit_entries(self, id: str) -> list[dict[str, Any]]:
        """Returns the entries of a verification in the audit trail, oldest first."""
        response = self._dynamodb.query(
            TableName=self._settings.audit_table_name,
            KeyConditionExpression="verification_id = :id",
            ExpressionAttributeValues={":id": {"S": id}},
        )
        return [from_item(item) for item in response["Items"]]

    def due(self) -> dict[str, int]:
        """Returns `due_at` by id, from the index of due verifications."""
        found = self._dynamodb.scan(TableName=self._settings.table_name, IndexName="due")["Items"]
        return {row["id"]: int(row["due_at"]) for row in map(from_item, found)}

    def set(self, id: str, name: str, value: Any) -> None:
        """Writes an attribute as another version of the bridge might."""
        self._dynamodb.update_item(
            TableName=self._settings.table_name,
            Key=to_item({"id": id}),
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues=to_item({":value": value}),
        )

    def objects(self, id: str) -> list[str]:
        """Returns the key of each object version and delete marker of a verification."""
        found = self._s3.list_object_versions(Bucket=self._settings.evidence_bucket)
        versions = found.get("Versions", []) + found.get("DeleteMarkers", [])
        return [version["Key"] for version in versions if f"/{id}/" in version["Key"]]

    def expire(self, id: str) -> None:
        """Hides a verification's objects behind delete markers, as the bucket's lifecycle does."""
        for key in self.objects(id):
            self._s3.delete_object(Bucket=self._settings.evidence_bucket, Key=key)

    def record(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=self._settings.evidence_bucket, Key=key)["Body"].read()
        return gzip.decompress(body)

    def messages(self) -> int:
        """Returns how many messages wait in the queue, delayed ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        response = self._sqs.get_queue_attributes(QueueUrl=self._settings.due_queue_url, AttributeNames=names)
        return sum(int(response["Attributes"][name]) for name in names)
