"""Empties a stack between two tests, in moto's own objects: by calls of AWS it takes longer than most tests."""

import itertools

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sqs.models import sqs_backends

from .aws import ACCOUNT_ID, region
from .stack import Stack


def empty(stack: Stack) -> None:
    """Deletes all items, stream records, messages and objects."""
    tables = dynamodb_backends[ACCOUNT_ID][region()].tables
    for name in stack.of_type("AWS::DynamoDB::Table"):
        tables[name].items.clear()
        if shard := tables[name].stream_shard:
            shard.items.clear()
    queues = sqs_backends[ACCOUNT_ID][region()]
    for url in stack.of_type("AWS::SQS::Queue"):
        # This also deletes delayed and invisible messages.
        queues.purge_queue(url.rpartition("/")[2])
    buckets = s3_backends[ACCOUNT_ID]["aws"].buckets
    for name in stack.of_type("AWS::S3::Bucket"):
        keys = buckets[name].keys
        for version in itertools.chain.from_iterable(map(keys.getlist, keys)):
            # A delete marker has no file to close.
            if isinstance(version, FakeKey):
                version.dispose()
        keys.clear()
