"""The bare authorizer: the simplest code that works."""

import hashlib
import json
import os

import boto3

secrets = boto3.client("secretsmanager")
keys = None


def lambda_handler(event, context):
    global keys  # noqa: PLW0603 - the simplest code
    if keys is None:
        secret = secrets.get_secret_value(SecretId=os.environ["API_KEYS_SECRET_ARN"])
        keys = json.loads(secret["SecretString"])["keys"]
    presented = event["headers"]["authorization"].removeprefix("Bearer ")
    sha256 = hashlib.sha256(presented.encode()).hexdigest()
    for key in keys:
        if key["sha256"] == sha256:
            context = {"principal": key["principal"], "scopes": " ".join(key["scopes"])}
            return {"isAuthorized": True, "context": context}
    return {"isAuthorized": False}
