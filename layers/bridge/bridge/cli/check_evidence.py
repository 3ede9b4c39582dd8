"""Checks that evidence was not changed: `python -m bridge.cli.check_evidence ID --table NAME --bucket NAME`.

The table holds the SHA-256 and the size of the vendor's response, written when it arrived. The command compares them
with the object in the bucket. Run it as the EvidenceReader of the stack. It exits with 0 if the evidence is unchanged;
otherwise it prints the reason and exits with 1.
"""

import argparse
import gzip
import hashlib
import sys
import zlib
from collections.abc import Sequence
from typing import Any

from bridge.aws.clients import client, translate_aws_errors
from bridge.domain.errors import StorageUnavailable
from bridge.domain.ids import is_id
from bridge.domain.verification import Evidence
from bridge.store import reading
from bridge.store.table import Table


def find_difference(evidence: Evidence, compressed: bytes) -> str | None:
    """How an object's bytes differ from the evidence; None if they are the same."""
    try:
        raw = gzip.decompress(compressed)
    except (OSError, EOFError, zlib.error):
        return "the object is not a gzip file"
    sha256 = hashlib.sha256(raw).hexdigest()
    if (sha256, len(raw)) != (evidence.sha256, evidence.size):
        return f"it has {len(raw)} bytes and the SHA-256 {sha256}, not {evidence.size} and {evidence.sha256}"
    return None


def check(dynamodb: Any, s3: Any, id: str, table: str, bucket: str) -> tuple[bool, str]:
    """Whether the evidence is unchanged, and a message about it."""
    verification = reading.get(Table(dynamodb, table, retention_seconds=0), id) if is_id(id) else None
    if verification is None:
        return False, "there is no such verification"
    if verification.redacted_at:
        return False, f"it was redacted at {verification.redacted_at:%Y-%m-%d %H:%M:%S} UTC; no evidence is kept"
    if verification.evidence is None:
        return False, f"it is {verification.status}, and it has no evidence"
    evidence = verification.evidence
    try:
        with translate_aws_errors("GetObject"):
            found = s3.get_object(Bucket=bucket, Key=evidence.key)
            compressed = found["Body"].read()
    except StorageUnavailable as error:
        return False, f"s3://{bucket}/{evidence.key} cannot be read: {error.code}"
    difference = find_difference(evidence, compressed)
    if difference:
        return False, f"s3://{bucket}/{evidence.key} is not the stored evidence: {difference}"
    written = f"{found['LastModified']:%Y-%m-%d %H:%M:%S} UTC"
    return True, f"{evidence.size} bytes, SHA-256 {evidence.sha256}, written {written}: unchanged"


def main(arguments: Sequence[str] | None = None) -> int:
    description = "Checks that evidence was not changed."
    parser = argparse.ArgumentParser(prog="bridge.cli.check_evidence", description=description)
    parser.add_argument("id", help="id of the verification")
    parser.add_argument("--table", required=True, help="output TableName of the stack")
    parser.add_argument("--bucket", required=True, help="output EvidenceBucketName of the stack")
    chosen = parser.parse_args(arguments)
    is_good, message = check(client("dynamodb"), client("s3"), chosen.id, chosen.table, chosen.bucket)
    (sys.stdout if is_good else sys.stderr).write(f"{chosen.id}: {message}\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
