"""One event on the bus for each advance of a verification, from the table's stream."""

from typing import Any

from aws_lambda_powertools.utilities.batch import EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.publish import publish
from bridge.web.batch import LoggingBatchProcessor
from bridge.web.entry import entry_point

# Lambda repeats the batch from the first record that failed; its later records are then published twice.
processor = LoggingBatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def publish_record(record: DynamoDBRecord) -> None:
    publish(dependencies(), record.raw_event["dynamodb"]["NewImage"])


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event, publish_record, processor, context)
