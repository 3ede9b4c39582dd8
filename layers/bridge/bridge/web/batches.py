"""Batches of messages: one that fails is reported to Lambda, which leaves it in its queue, and stops no other."""

from typing import cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, ExceptionInfo, FailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.observability import record_failure


class LoggingBatchProcessor(BatchProcessor):
    """Powertools keeps a message's error to itself; each is to leave its line and its count."""

    def failure_handler(self, record: SQSRecord, exception: ExceptionInfo) -> FailureResponse:
        record_failure("message_failed", cast("Exception", exception[1]), message_id=record.message_id)
        return super().failure_handler(record, exception)


def queue_processor() -> LoggingBatchProcessor:
    return LoggingBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
