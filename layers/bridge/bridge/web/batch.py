"""Batches of records, of which each succeeds or fails by itself."""

from typing import Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, ExceptionInfo, FailureResponse

from bridge.observability import record_failure


class LoggingBatchProcessor(BatchProcessor):
    """Powertools keeps the error of a record to itself. Here each leaves its log line and its count."""

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:
        record_failure("message_failed", cast("Exception", exception[1]), message_id=_id(record))
        return super().failure_handler(record, exception)


def _id(record: Any) -> str:
    return str(record.raw_event.get("messageId") or record.raw_event.get("eventID"))
