"""The evidence bucket: the vendor's records as received, and their pictures.

records/{verification id}/{SHA-256 of the bytes}.json.gz     never changes: other content has another key
records/{verification id}/unconfirmed/{SHA-256 …}.json.gz    unreadable or perhaps another person's: no row refers to it
pictures/{verification id}/{SHA-256 of the picture}          extracted when a result is read
"""

import gzip
import hashlib
from typing import Any

from botocore.exceptions import ClientError

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.verification import Evidence

# How long a link to a picture is valid.
PRESIGNED_URL_SECONDS = 300


class EvidenceBucket:
    """The bucket. Its methods raise StorageUnavailable if S3 fails."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, verification_id: str, raw: bytes) -> Evidence:
        """Stores the vendor's bytes. Storing the same bytes again changes nothing."""
        return self._put_record(f"records/{verification_id}", raw)

    def put_unconfirmed(self, verification_id: str, raw: bytes) -> None:
        """Stores a response for this verification that may not be its record, for an investigation."""
        self._put_record(f"records/{verification_id}/unconfirmed", raw)

    def _put_record(self, folder: str, raw: bytes) -> Evidence:
        sha256 = hashlib.sha256(raw).hexdigest()
        key = f"{folder}/{sha256}.json.gz"
        # Without a time in the gzip header, equal records are equal objects.
        self._put_object(key, gzip.compress(raw, mtime=0), "application/gzip")
        return Evidence(key, sha256, len(raw))

    def get(self, evidence: Evidence) -> bytes | None:
        """The vendor's bytes as received; None if the object has expired or was deleted.

        Raises OSError, EOFError or zlib.error if the object is not a gzip file.
        """
        with translate_aws_errors("GetObject"):
            try:
                compressed: bytes = self._client.get_object(Bucket=self._bucket, Key=evidence.key)["Body"].read()
            except ClientError as error:
                # Without s3:ListBucket, S3 would return AccessDenied instead; see template.yaml.
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                return None
        return gzip.decompress(compressed)

    def presigned_url(self, verification_id: str, picture: bytes, content_type: str) -> str:
        """Stores the picture, and returns a link that is valid for PRESIGNED_URL_SECONDS seconds."""
        key = f"pictures/{verification_id}/{hashlib.sha256(picture).hexdigest()}"
        self._put_object(key, picture, content_type)
        link: str = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=PRESIGNED_URL_SECONDS
        )
        return link

    def delete(self, verification_id: str) -> None:
        """Deletes all objects of a verification in all versions."""
        for kind in ("records", "pictures"):
            self._delete_below(f"{kind}/{verification_id}/")

    def _put_object(self, key: str, body: bytes, content_type: str) -> None:
        with translate_aws_errors("PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def _delete_below(self, prefix: str) -> None:
        with translate_aws_errors("ListObjectVersions"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
                # A truncated page looks like one without versions, and the versions would not be deleted.
                required(page, "Name", "ListObjectVersions")
                for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
                    self._delete_version(version["Key"], version["VersionId"])

    def _delete_version(self, key: str, version: str) -> None:
        with translate_aws_errors("DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
