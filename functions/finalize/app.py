"""Completes the verifications in a batch of messages. A failed message stays in the queue; the others succeed."""

from typing import Any

from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.due_queue import parse_message
from bridge.dependencies import dependencies
from bridge.observability import attach_verification_id
from bridge.use_cases.finalize import finalize
from bridge.web.batches import queue_processor
from bridge.web.entry import entry_point

processor = queue_processor()


def finalize_message(record: SQSRecord) -> None:
    message = parse_message(record.body)
    with attach_verification_id(message.id):
        finalize(dependencies(), message)


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event, finalize_message, processor, context)
