"""AWS's clients, as far as the bridge uses them: the names and responses of boto3 over the simulated services."""

import functools
import io
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import IncompleteReadError

from .audit import AuditTable
from .bucket import Bucket
from .dynamodb import Table
from .items import Refused
from .outward import Effect, EmptySuccess, Outward, client_error
from .queue import Queue, id_in
from .rates import RateTable
from .results import ResultsTable

Method = Callable[..., dict[str, Any]]


def may_be_empty(method: Method) -> Method:
    @functools.wraps(method)
    def answered(*args: Any, **request: Any) -> dict[str, Any]:
        try:
            return method(*args, **request)
        except EmptySuccess:
            return {}

    return answered


class DynamoDb:
    def __init__(
        self, outward: Outward, table: Table, audit: AuditTable, windows: RateTable, results: ResultsTable
    ) -> None:
        self._outward = outward
        self._table = table
        self._audit = audit
        self._windows = windows
        self._results = results
        # How often a page ends before its limit.
        self.short_pages = 0.0

    @may_be_empty
    def put_item(self, **request: Any) -> dict[str, Any]:
        by = self._by()
        self._outward.use("dynamodb", "PutItem", request)
        if request["TableName"] == "AuditTable":
            id = request["Item"]["verification_id"]["S"]
            self._call("PutItem audit", [id], lambda: self._audit.put(request))
            return {}
        id = request["Item"]["id"]["S"]
        if request["TableName"] == "ResultsTable":
            self._call("PutItem results", [id], lambda: self._results.put(request))
            return {}
        self._call("PutItem", [id], lambda: self._table.put(by, request))
        return {}

    @may_be_empty
    def update_item(self, **request: Any) -> dict[str, Any]:
        by = self._by()
        self._outward.use("dynamodb", "UpdateItem", request)
        if request["TableName"] == "RateTable":
            self._call("UpdateItem rate", [], lambda: self._windows.update(request))
            return {"ConsumedCapacity": {}}
        item = self._call("UpdateItem", [request["Key"]["id"]["S"]], lambda: self._table.update(by, request))
        return {"Attributes": item}

    @may_be_empty
    def delete_item(self, **request: Any) -> dict[str, Any]:
        by = self._by()
        self._outward.use("dynamodb", "DeleteItem", request)
        id = request["Key"]["id"]["S"]
        if request["TableName"] == "ResultsTable":
            self._call("DeleteItem results", [id], lambda: self._results.delete(request))
            return {}
        self._call("DeleteItem", [id], lambda: self._table.delete(by, request))
        return {}

    @may_be_empty
    def get_item(self, **request: Any) -> dict[str, Any]:
        assert request["ConsistentRead"], "only consistent reads are simulated"
        assert request["ReturnConsumedCapacity"] == "TOTAL", "nothing else shows an empty response from a missing item"
        id = request["Key"]["id"]["S"]
        self._outward.use("dynamodb", "GetItem", request)
        if request["TableName"] == "ResultsTable":
            item = self._call("GetItem results", [id], lambda: self._results.get(request))
        else:
            item = self._call("GetItem", [id], lambda: self._table.get(id))
        return {"ConsumedCapacity": {"CapacityUnits": 1.0}} | ({} if item is None else {"Item": item})

    @may_be_empty
    def query(self, **request: Any) -> dict[str, Any]:
        self._outward.use("dynamodb", "Query", request)
        if request["TableName"] == "ResultsTable":
            id = request["ExpressionAttributeValues"][":id"]["S"]
            return {"Items": self._call("Query results", [id], lambda: self._results.query(request))}
        items, last = self._call(f"Query {request['IndexName']}", [], lambda: self._table.query(request))
        # A page may end before its limit; the next one begins behind it.
        if len(items) > 1 and self._outward.rng.random() < self.short_pages:
            items = items[: self._outward.rng.randint(1, len(items) - 1)]
            last = items[-1]
        return {"Items": items} | ({"LastEvaluatedKey": last} if last else {})

    @may_be_empty
    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        ((name, wanted),) = request["RequestItems"].items()
        keys = wanted["Keys"]
        # Sometimes only some of them are worked off.
        served = self._outward.rng.randint(1, len(keys)) if self._outward.rng.random() < 0.2 else len(keys)
        self._outward.use("dynamodb", "BatchGetItem", request)
        found = self._call("BatchGetItem", [], lambda: [self._table.get(key["id"]["S"]) for key in keys[:served]])
        left = {name: {**wanted, "Keys": keys[served:]}} if served < len(keys) else {}
        return {"Responses": {name: [item for item in found if item]}, "UnprocessedKeys": left}

    def _by(self) -> Any:
        task = self._outward.kernel.current
        return task.owner if task else None

    def _call(self, operation: str, about: list[str], effect: Effect) -> Any:
        def translated() -> Any:
            try:
                return effect()
            except Refused as refused:
                raise client_error(operation, refused.code, item=refused.item) from None

        return self._outward.call("dynamodb", operation, about, translated)


class S3:
    def __init__(self, outward: Outward, bucket: Bucket) -> None:
        self._outward = outward
        self._bucket = bucket

    @may_be_empty
    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **others: Any) -> dict[str, Any]:
        self._outward.use("s3", "PutObject", {"Bucket": Bucket, "Key": Key, **others})
        self._call("PutObject", Key, lambda: self._bucket.put(Key, Body))
        return {}

    def get_object(self, *, Bucket: str, Key: str, **others: Any) -> dict[str, Any]:
        self._outward.use("s3", "GetObject", {"Bucket": Bucket, "Key": Key, **others})

        def read() -> bytes:
            body = self._bucket.get(Key)
            if body is None:
                raise client_error("GetObject", "NoSuchKey", 404)
            return body

        try:
            return {"Body": io.BytesIO(self._call("GetObject", Key, read))}
        except EmptySuccess:
            # A body shorter than its length says is an error of its own to botocore.
            raise IncompleteReadError(actual_bytes=0, expected_bytes=1) from None

    def generate_presigned_url(self, _: str, *, Params: dict[str, str], ExpiresIn: int) -> str:
        # Whoever follows the link acts as the function that made it.
        self._outward.use("s3", "GetObject", Params)
        return f"https://bucket.example/{Params['Key']}?expires={ExpiresIn}"

    def get_paginator(self, name: str) -> "S3":
        assert name == "list_object_versions"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        self._outward.use("s3", "ListObjectVersions", {"Bucket": Bucket})
        try:
            found = self._call("ListObjectVersions", Prefix, lambda: self._bucket.versions(Prefix))
        except EmptySuccess:
            yield {}
            return
        # Two a page: pages are to be seen at work.
        for start in range(0, max(len(found), 1), 2):
            page = [{"Key": key, "VersionId": version} for key, version in found[start : start + 2]]
            yield {"Name": Bucket} | ({"Versions": page} if page else {})

    @may_be_empty
    def delete_object(self, *, Bucket: str, Key: str, VersionId: str, **_: Any) -> dict[str, Any]:
        self._outward.use("s3", "DeleteObject", {"Bucket": Bucket, "Key": Key, "VersionId": VersionId})
        self._call("DeleteObject", Key, lambda: self._bucket.delete(Key, VersionId))
        return {}

    def _call(self, operation: str, key: str, effect: Effect) -> Any:
        return self._outward.call("s3", operation, [key.split("/")[1]], effect)


class Sqs:
    def __init__(self, outward: Outward, queue: Queue) -> None:
        self._outward = outward
        self._queue = queue

    @may_be_empty
    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            taken = [entry for entry in Entries if not self._queue.refuses()]
            for entry in taken:
                self._queue.send(entry["MessageBody"], entry["DelaySeconds"])
            failed = [{"Id": entry["Id"]} for entry in Entries if entry not in taken]
            return {"Successful": [{"Id": entry["Id"]} for entry in taken], "Failed": failed}

        about = [id_in(entry["MessageBody"]) for entry in Entries]
        self._outward.use("sqs", "SendMessageBatch", {"QueueUrl": QueueUrl})
        sent: dict[str, Any] = self._outward.call("sqs", "SendMessageBatch", about, send)
        return sent

    @may_be_empty
    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        self._outward.use("sqs", "GetQueueAttributes", {"QueueUrl": QueueUrl})
        waiting, delayed = self._outward.call("sqs", "GetQueueAttributes", [], self._queue.depths)
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(waiting),
                "ApproximateNumberOfMessagesDelayed": str(delayed),
            }
        }


class SecretsManager:
    """`values` by the secret's name."""

    def __init__(self, outward: Outward, values: dict[str, str]) -> None:
        self._outward = outward
        self._values = values

    @may_be_empty
    def get_secret_value(self, *, SecretId: str, **_: Any) -> dict[str, Any]:
        self._outward.use("secretsmanager", "GetSecretValue", {"SecretId": SecretId})
        try:
            value = self._outward.call("secretsmanager", "GetSecretValue", [], lambda: self._values[SecretId])
        except Exception:
            task = self._outward.kernel.current
            if task and task.owner is not None:
                task.owner.secret_failed = True
            raise
        return {"SecretString": value}
