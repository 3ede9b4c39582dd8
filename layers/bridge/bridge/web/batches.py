"""Batches of records: one that fails is reported to Lambda, and stops no other."""

from typing import Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, ExceptionInfo, FailureResponse

from bridge.observability import record_failure


class LoggingBatchProcessor(BatchProcessor):
    """Powertools keeps the error of a record to itself. Here each leaves its log line and its count."""

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:
        record_failure("message_failed", cast("Exception", exception[1]), message_id=record.message_id)
        return super().failure_handler(record, exception)


def queue_processor() -> LoggingBatchProcessor:
    return LoggingBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
