"""boto3's clients over the simulated services: the methods that the bridge uses, with boto3's responses."""

import functools
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import IncompleteReadError

from .bucket import Bucket
from .dynamodb import Table
from .external_calls import Effect, EmptySuccess, ExternalCalls, client_error
from .items import Refused
from .queue import Queue, id_in
from .small_tables import AuditTable, EndpointsTable, RateTable, ResultsTable

Method = Callable[..., dict[str, Any]]


def may_be_empty(method: Method) -> Method:
    """Decorates a client's method to return {} where the fault `empty` loses the response's body."""

    @functools.wraps(method)
    def wrapper(*args: Any, **request: Any) -> dict[str, Any]:
        try:
            return method(*args, **request)
        except EmptySuccess:
            return {}

    return wrapper


class DynamoDb:
    def __init__(
        self,
        calls: ExternalCalls,
        table: Table,
        audit: AuditTable,
        rate_table: RateTable,
        results: ResultsTable,
        endpoints_table: EndpointsTable,
    ) -> None:
        self._calls = calls
        self._table = table
        self._audit = audit
        self._rate_table = rate_table
        self._results = results
        self._endpoints_table = endpoints_table
        # The probability that a page ends before its limit.
        self.short_pages = 0.0

    @may_be_empty
    def put_item(self, **request: Any) -> dict[str, Any]:
        if request["TableName"] == "AuditTable":
            id = request["Item"]["verification_id"]["S"]
            self._call("PutItem", request, [id], lambda: self._audit.put(request), " audit")
        elif request["TableName"] == "ResultsTable":
            self._call("PutItem", request, [request["Item"]["id"]["S"]], lambda: self._results.put(request), " results")
        elif request["TableName"] == "EndpointsTable":
            now = self._calls.kernel.now
            self._call("PutItem", request, [], lambda: self._endpoints_table.put(request, now), " endpoints")
        else:
            by = self._calls.owner()
            self._call("PutItem", request, [request["Item"]["id"]["S"]], lambda: self._table.put(by, request))
        return {}

    @may_be_empty
    def update_item(self, **request: Any) -> dict[str, Any]:
        if request["TableName"] == "RateTable":
            self._call("UpdateItem", request, [], lambda: self._rate_table.update(request), " rate")
            return {"ConsumedCapacity": {}}
        by, about = self._calls.owner(), [request["Key"]["id"]["S"]]
        return {"Attributes": self._call("UpdateItem", request, about, lambda: self._table.update(by, request))}

    @may_be_empty
    def delete_item(self, **request: Any) -> dict[str, Any]:
        by, about = self._calls.owner(), [request["Key"]["id"]["S"]]
        if request["TableName"] == "ResultsTable":
            self._call("DeleteItem", request, about, lambda: self._results.delete(request), " results")
        else:
            self._call("DeleteItem", request, about, lambda: self._table.delete(by, request))
        return {}

    @may_be_empty
    def get_item(self, **request: Any) -> dict[str, Any]:
        assert request["ReturnConsumedCapacity"] == "TOTAL", "nothing else shows an empty response from a missing item"
        if request["TableName"] == "EndpointsTable":
            item = self._call("GetItem", request, [], lambda: self._endpoints_table.get(request), " endpoints")
            return {"ConsumedCapacity": {"CapacityUnits": 1.0}} | ({"Item": item} if item else {})
        assert request["ConsistentRead"], "only consistent reads are simulated"
        id = request["Key"]["id"]["S"]
        if request["TableName"] == "ResultsTable":
            item = self._call("GetItem", request, [id], lambda: self._results.get(request), " results")
        else:
            item = self._call("GetItem", request, [id], lambda: self._table.items.get(id))
        return {"ConsumedCapacity": {"CapacityUnits": 1.0}} | ({} if item is None else {"Item": item})

    @may_be_empty
    def query(self, **request: Any) -> dict[str, Any]:
        if request["TableName"] == "ResultsTable":
            id = request["ExpressionAttributeValues"][":id"]["S"]
            return {"Items": self._call("Query", request, [id], lambda: self._results.query(request), " results")}
        items, last = self._call("Query", request, [], lambda: self._table.query(request), f" {request['IndexName']}")
        # As on AWS, a page may end before its limit.
        if len(items) > 1 and self._calls.rng.random() < self.short_pages:
            items = items[: self._calls.rng.randint(1, len(items) - 1)]
            last = items[-1]
        return {"Items": items} | ({"LastEvaluatedKey": last} if last else {})

    @may_be_empty
    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        ((name, wanted),) = request["RequestItems"].items()
        keys, rng = wanted["Keys"], self._calls.rng
        # As on AWS, some keys may stay unprocessed.
        served = rng.randint(1, len(keys)) if rng.random() < 0.2 else len(keys)
        items = self._table.items
        found = self._call("BatchGetItem", request, [], lambda: [items.get(key["id"]["S"]) for key in keys[:served]])
        left = {name: {**wanted, "Keys": keys[served:]}} if served < len(keys) else {}
        return {"Responses": {name: [item for item in found if item]}, "UnprocessedKeys": left}

    def _call(self, operation: str, request: Mapping[str, Any], about: list[str], effect: Effect, of: str = "") -> Any:
        """`of` is appended to the operation's name; it names a table other than the main one, or an index."""

        def translated() -> Any:
            try:
                return effect()
            except Refused as refused:
                raise client_error(operation, refused.code, item=refused.item) from None

        self._calls.record_iam_call("dynamodb", operation, request)
        return self._calls.call("dynamodb", operation + of, about, translated)


class S3:
    def __init__(self, calls: ExternalCalls, bucket: Bucket) -> None:
        self._calls = calls
        self._bucket = bucket

    @may_be_empty
    def put_object(self, *, Body: bytes, **request: Any) -> dict[str, Any]:
        key = request["Key"]
        self._call("PutObject", key, lambda: self._bucket.put(key, Body), request)
        return {}

    def get_object(self, **request: Any) -> dict[str, Any]:
        def read() -> bytes:
            body = self._bucket.get(request["Key"])
            if body is None:
                raise client_error("GetObject", "NoSuchKey", 404)
            return body

        try:
            return {"Body": io.BytesIO(self._call("GetObject", request["Key"], read, request))}
        except EmptySuccess:
            # botocore has an error of its own for a body that is shorter than its Content-Length.
            raise IncompleteReadError(actual_bytes=0, expected_bytes=1) from None

    def generate_presigned_url(self, _: str, *, Params: dict[str, str], ExpiresIn: int) -> str:
        # A presigned URL has the permissions of the function that signs it.
        self._calls.record_iam_call("s3", "GetObject", Params)
        return f"https://bucket.example/{Params['Key']}?expires={ExpiresIn}"

    def get_paginator(self, name: str) -> "S3":
        assert name == "list_object_versions"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        request = {"Bucket": Bucket}
        try:
            found = self._call("ListObjectVersions", Prefix, lambda: self._bucket.versions(Prefix), request)
        except EmptySuccess:
            yield {}
            return
        # Pages of two, so that there is more than one page.
        for start in range(0, max(len(found), 1), 2):
            page = [{"Key": key, "VersionId": version} for key, version in found[start : start + 2]]
            yield {"Name": Bucket} | ({"Versions": page} if page else {})

    @may_be_empty
    def delete_object(self, **request: Any) -> dict[str, Any]:
        key, version = request["Key"], request["VersionId"]
        self._call("DeleteObject", key, lambda: self._bucket.delete(key, version), request)
        return {}

    def _call(self, operation: str, key: str, effect: Effect, request: Mapping[str, Any]) -> Any:
        self._calls.record_iam_call("s3", operation, request)
        return self._calls.call("s3", operation, [key.split("/")[1]], effect)


class Sqs:
    """`queues` and `dead_letter_bodies` are by URL, which is the logical id. No function reads a dead-letter queue, so
    those have only the bodies."""

    def __init__(
        self, calls: ExternalCalls, queues: Mapping[str, Queue], dead_letter_bodies: Mapping[str, list[str]]
    ) -> None:
        self._calls = calls
        self._queues = queues
        self._dead_letter_bodies = dead_letter_bodies

    @may_be_empty
    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            queue = self._queues[QueueUrl]
            accepted = [entry for entry in Entries if not queue.rejects()]
            for entry in accepted:
                queue.send(entry["MessageBody"], entry.get("DelaySeconds", 0), entry.get("MessageGroupId"))
            failed = [{"Id": entry["Id"]} for entry in Entries if entry not in accepted]
            return {"Successful": [{"Id": entry["Id"]} for entry in accepted], "Failed": failed}

        about = [id_in(entry["MessageBody"]) for entry in Entries]
        self._calls.record_iam_call("sqs", "SendMessageBatch", {"QueueUrl": QueueUrl})
        sent: dict[str, Any] = self._calls.call("sqs", "SendMessageBatch", about, send)
        return sent

    @may_be_empty
    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:
        self._calls.record_iam_call("sqs", "SendMessage", {"QueueUrl": QueueUrl})
        bodies = self._dead_letter_bodies[QueueUrl]
        self._calls.call("sqs", "SendMessage", [id_in(MessageBody)], lambda: bodies.append(MessageBody))
        return {"MessageId": "m"}

    @may_be_empty
    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        self._calls.record_iam_call("sqs", "ChangeMessageVisibility", request)
        queue, receipt = self._queues[request["QueueUrl"]], request["ReceiptHandle"]
        about, seconds = list(self._calls.owner().about), request["VisibilityTimeout"]
        self._calls.call("sqs", "ChangeMessageVisibility", about, lambda: queue.hide(receipt, seconds))
        return {}

    @may_be_empty
    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        self._calls.record_iam_call("sqs", "GetQueueAttributes", {"QueueUrl": QueueUrl})
        depths = self._calls.call("sqs", "GetQueueAttributes", [], self._queues[QueueUrl].depths)
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
        return {"Attributes": dict(zip(names, map(str, depths), strict=True))}


class SecretsManager:
    """`values` are the secrets' values, by name."""

    def __init__(self, calls: ExternalCalls, values: Mapping[str, str]) -> None:
        self._calls = calls
        self._values = values

    @may_be_empty
    def get_secret_value(self, *, SecretId: str, **_: Any) -> dict[str, Any]:
        self._calls.record_iam_call("secretsmanager", "GetSecretValue", {"SecretId": SecretId})
        owner = self._calls.owner()
        owner.secret_failed, before = True, owner.secret_failed
        value = self._calls.call("secretsmanager", "GetSecretValue", [], lambda: self._values[SecretId])
        owner.secret_failed = before
        return {"SecretString": value}
