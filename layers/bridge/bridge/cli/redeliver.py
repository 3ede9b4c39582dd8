"""Moves the dead letters of the delivery queue back to it: `python -m bridge.cli.redeliver QUEUE_URL`.

Each is sent, and only then deleted, so a run that is cut short loses none; run it again. Receivers know a webhook that
comes twice by its `webhook-id`. What becomes a dead letter while this runs stays one: it would go round and round.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.aws.clients import client, translate_aws_errors
from bridge.aws.delivery_queue import DeliveryQueue
from bridge.domain.errors import StorageUnavailable

# Seconds. SQS asks all its servers, and so finds what a short poll misses. Less than the client's READ_TIMEOUT.
_WAIT = 1


def redeliver(sqs: Any, queue_url: str, now: datetime) -> tuple[int, int]:
    """Moves what was dead before `now`. Returns how many were moved, and how many of those came later and were left."""
    dead_url = _dead_letters_of(sqs, queue_url)
    queue = DeliveryQueue(sqs, queue_url, dead_url)
    moved, left = 0, set()
    for message in _received(sqs, dead_url):
        # SQS keeps the first time of a message that it moved there itself.
        if int(message["Attributes"]["SentTimestamp"]) >= now.timestamp() * 1000:
            left.add(message["MessageId"])
            continue
        queue.send_again(message["Body"])
        sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    return moved, len(left)


def _dead_letters_of(sqs: Any, queue_url: str) -> str:
    """The URL of the queue's dead letters. Ends the command where it has none."""
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    if "RedrivePolicy" not in found:
        sys.exit("This queue has no dead letters: give the URL of the delivery queue itself (DeliveryQueueUrl).")
    arn = json.loads(found["RedrivePolicy"])["deadLetterTargetArn"]
    url: str = sqs.get_queue_url(QueueName=arn.rpartition(":")[2], QueueOwnerAWSAccountId=arn.split(":")[4])["QueueUrl"]
    return url


def _received(sqs: Any, url: str) -> Iterator[Any]:
    """The messages that are there, until none is received; each is hidden from a second look meanwhile."""
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=_WAIT,
        VisibilityTimeout=60,
        MessageSystemAttributeNames=["SentTimestamp"],
    ).get("Messages"):
        yield from messages


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bridge.cli.redeliver", description="Sends dead letters again.")
    parser.add_argument("queue", help="URL of the delivery queue: DeliveryQueueUrl, an output of the stack")
    chosen = parser.parse_args(arguments)
    try:
        with translate_aws_errors("redeliver"):
            moved, left = redeliver(client("sqs"), chosen.queue, datetime.now(UTC))
    except StorageUnavailable as error:
        sys.exit(f"{error.operation}: {error.code}. What was moved is moved; run it again for the rest.")
    print(f"{moved} sent again" + (f", {left} that came meanwhile left for another run" if left else ""))


if __name__ == "__main__":
    main()
