"""Sends the webhooks that the queue names. One that fails stays in the queue until its next attempt."""

from typing import Any

from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.delivery_queue import webhook_in
from bridge.dependencies import dependencies
from bridge.observability import attach_verification_id
from bridge.use_cases.deliver import Attempt, deliver
from bridge.web.batches import queue_processor
from bridge.web.entry import entry_point

processor = queue_processor()


def deliver_message(record: SQSRecord) -> None:
    webhook = webhook_in(record.body)
    known = record.attributes
    attempt = Attempt(
        record.receipt_handle, int(known.approximate_receive_count), sent_at=int(known.sent_timestamp) / 1000
    )
    with attach_verification_id(webhook.event.data["id"]):
        deliver(dependencies(), webhook, attempt)


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event, deliver_message, processor, context)
