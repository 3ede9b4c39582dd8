"""A client of Secrets Manager for operators' commands."""

from typing import Any


def secrets_client(secret: str) -> Any:
    """A client in the region of the secret, if `secret` is an ARN; else in the default region."""
    import boto3

    # arn:aws:secretsmanager:REGION:…
    region = secret.split(":")[3] if secret.startswith("arn:") else None
    return boto3.client("secretsmanager", region_name=region)
