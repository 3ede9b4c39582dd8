"""Checks that evidence was not changed: `python -m bridge.cli.check_evidence ID --table NAME --bucket NAME`.

The table holds the SHA-256 and the size of the vendor's response, written when it arrived. The command compares them
with the object in the bucket. Run it as the EvidenceReader of the stack. It exits with 0 if the evidence is unchanged;
otherwise it prints the reason and exits with 1.
"""

import argparse
import hashlib
import sys
import zlib
from collections.abc import Sequence

from bridge.aws.clients import client
from bridge.domain.errors import StorageUnavailable
from bridge.domain.ids import is_id
from bridge.domain.verification import Evidence
from bridge.store import reading
from bridge.store.evidence import EvidenceBucket
from bridge.store.table import Table


def find_difference(bucket: EvidenceBucket, evidence: Evidence) -> str | None:
    """How the object differs from the evidence; None if it does not."""
    try:
        raw = bucket.get(evidence)
    except StorageUnavailable as error:
        return f"cannot be read: {error.code}"
    except (OSError, EOFError, zlib.error):
        return "is not the stored evidence: it is not a gzip file"
    if raw is None:
        return "does not exist"
    sha256 = hashlib.sha256(raw).hexdigest()
    if (sha256, len(raw)) != (evidence.sha256, evidence.size):
        actual = f"it has {len(raw)} bytes and the SHA-256 {sha256}"
        return f"is not the stored evidence: {actual}, not {evidence.size} and {evidence.sha256}"
    return None


def check(table: Table, bucket: EvidenceBucket, id: str) -> tuple[bool, str]:
    """Whether the evidence is unchanged, and a message about it."""
    verification = reading.get(table, id) if is_id(id) else None
    if verification is None:
        return False, "there is no such verification"
    if verification.redacted_at:
        return False, f"it was redacted at {verification.redacted_at:%Y-%m-%d %H:%M:%S} UTC; no evidence is kept"
    if verification.evidence is None:
        return False, f"it is {verification.status}, and it has no evidence"
    evidence = verification.evidence
    if difference := find_difference(bucket, evidence):
        return False, f"{evidence.key} {difference}"
    return True, f"{evidence.size} bytes, SHA-256 {evidence.sha256}: unchanged"


def main(arguments: Sequence[str] | None = None) -> None:
    description = "Checks that evidence was not changed."
    parser = argparse.ArgumentParser(prog="bridge.cli.check_evidence", description=description)
    parser.add_argument("id", help="id of the verification")
    parser.add_argument("--table", required=True, help="output TableName of the stack")
    parser.add_argument("--bucket", required=True, help="output EvidenceBucketName of the stack")
    chosen = parser.parse_args(arguments)
    table, bucket = Table(client("dynamodb"), chosen.table, 0), EvidenceBucket(client("s3"), chosen.bucket)
    is_good, message = check(table, bucket, chosen.id)
    if not is_good:
        sys.exit(f"{chosen.id}: {message}")
    print(f"{chosen.id}: {message}")


if __name__ == "__main__":
    main()
