"""One event on the bus for each advance of a verification, from the table's stream."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.publish import StreamRecord, publish
from bridge.web.entry import entry_point


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    changes = [record["dynamodb"] for record in event["Records"]]
    first = publish(dependencies(), [StreamRecord(each["SequenceNumber"], each["NewImage"]) for each in changes])
    # Lambda repeats the batch from this record on.
    return {"batchItemFailures": [{"itemIdentifier": first}] if first else []}
