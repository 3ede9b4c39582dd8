"""The bare authorizer: what one writes by hand in an afternoon."""

import hashlib
import json
import os

import boto3

secrets = boto3.client("secretsmanager")
keys = None


def lambda_handler(event, context):
    global keys  # noqa: PLW0603 - as one would write it in an afternoon
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
