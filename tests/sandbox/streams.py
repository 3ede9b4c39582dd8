"""Lambda's event source mapping of a table's stream: it passes matching records to a function, in order, in batches."""

import json
import sys
import traceback
from typing import Any

from moto.events.models import EventPattern

from .authorizers import Invoke
from .events import Event, stream_record
from .lambda_runner import FunctionError
from .stack import Stack
from .triggers import StreamSource


class StreamReader:
    """Reads one table's stream. After a failure, the next read repeats the batch from its first failed record. If all
    retries fail, that record goes to the dead-letter queue.

    Args:
        invoke: calls a function by its logical id.
        dynamodb, streams, sqs: boto3 clients.
    """

    def __init__(self, source: StreamSource, stack: Stack, invoke: Invoke, *, dynamodb: Any, streams: Any, sqs: Any):
        self._source = source
        self._stack = stack
        self._invoke = invoke
        self._streams = streams
        self._sqs = sqs
        self._patterns = [EventPattern.load(pattern) for pattern in source.patterns]
        table = dynamodb.describe_table(TableName=stack.resources[source.table])["Table"]
        self._arn: str = table["LatestStreamArn"]
        self._iterator: str | None = None
        self._waiting: list[Event] = []
        self._failures = 0

    def restart(self) -> None:
        """Reads the stream from its beginning, for when its records were deleted."""
        self._iterator, self._waiting, self._failures = None, [], 0

    def drain(self) -> int:
        """Passes all waiting records to the function, and returns how many it handled."""
        self._waiting += [record for record in self._next_records() if self._matches(record)]
        handled = 0
        while self._waiting:
            batch = self._waiting[: self._source.batch_size]
            done = self._handled(batch)
            handled += done
            self._waiting = self._waiting[done:]
            self._failures = 0 if done else self._failures + 1
            if done < len(batch):
                self._give_up()
                break
        return handled

    def _handled(self, batch: list[Event]) -> int:
        """Returns how many records the function handled before the first that failed."""
        try:
            result = self._invoke(self._source.function, {"Records": batch})
        except FunctionError:
            traceback.print_exc(file=sys.stderr)
            return 0
        failed = {failure["itemIdentifier"] for failure in (result or {}).get("batchItemFailures", [])}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return next((position for position, number in enumerate(numbers) if number in failed), len(batch))

    def _give_up(self) -> None:
        if self._failures > self._source.retries:
            body = {"DDBStreamBatchInfo": {"streamArn": self._arn, "batchSize": 1}}
            self._sqs.send_message(
                QueueUrl=self._stack.resources[self._source.dead_letters], MessageBody=json.dumps(body)
            )
            self._waiting, self._failures = self._waiting[1:], 0

    def _next_records(self) -> list[Event]:
        if self._iterator is None:
            (shard,) = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
            self._iterator = self._streams.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        response = self._streams.get_records(ShardIterator=self._iterator)
        self._iterator = response["NextShardIterator"]
        return [stream_record(self._arn, record) for record in response["Records"]]

    def _matches(self, record: Any) -> bool:
        return any(pattern.matches_event(record) for pattern in self._patterns)
