"""Completes the verifications in a batch of messages. A failed message stays in the queue; the others succeed."""

from typing import Any, cast

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    ExceptionInfo,
    FailureResponse,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.due_queue import parse_message
from bridge.dependencies import dependencies
from bridge.observability import concerning, record_failure
from bridge.use_cases.finalize import finalize
from bridge.web.entry import entry_point


class LoggingBatchProcessor(BatchProcessor):
    """Logs and counts the error of each failed message, which Powertools does not."""

    def failure_handler(self, record: SQSRecord, exception: ExceptionInfo) -> FailureResponse:
        record_failure("message_failed", cast("Exception", exception[1]), message_id=record.message_id)
        return super().failure_handler(record, exception)


processor = LoggingBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def finalize_message(record: SQSRecord) -> None:
    message = parse_message(record.body)
    with concerning(message.id):
        finalize(dependencies(), message)


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event, finalize_message, processor, context)
