"""One event on the bus for each advance of a verification, from the table's stream."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.publish import publish
from bridge.web.entry import entry_point


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    first = publish(dependencies(), event["Records"])
    # Lambda repeats the batch from this record on.
    return {"batchItemFailures": [{"itemIdentifier": first}] if first else []}
