"""One event on the bus for each advance of a verification, from the table's stream."""

from typing import Any

from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.publish import publish
from bridge.web.batches import stream_processor
from bridge.web.entry import entry_point

processor = stream_processor()


def publish_record(record: DynamoDBRecord) -> None:
    publish(dependencies(), record.raw_event["dynamodb"]["NewImage"])


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event, publish_record, processor, context)
